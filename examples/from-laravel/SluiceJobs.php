<?php

declare(strict_types=1);

/**
 * What the queue worker did: runs the job that a request brings. Its answer decides: 2xx is done, an exception (500) is tried again as the destination's
 * `retry` says, and `webhook-delivery: abort-message` is dead at once.
 */
final class SluiceJobs
{
    private const TOLERANCE_SECONDS = 300;

    /**
     * @param list<string> $secrets `whsec_…` of the destination; two while they are rotated
     * @param list<class-string> $jobs no other class is ever made
     * @param callable(string): bool $claim false for a delivery that was done already; in Laravel `fn ($id) => Cache::add("sluice:$id", 1, 604800)`
     * @param callable(string): void $release gives the claim back; in Laravel `fn ($id) => Cache::forget("sluice:$id")`
     */
    public function __construct(
        private readonly array $secrets,
        private readonly array $jobs,
        private $claim,
        private $release,
    ) {}

    /**
     * @param array<string, string> $headers by lower-case name
     * @return array{int, array<string, string>} status and headers of the answer
     */
    public function handle(array $headers, string $body, int $now): array
    {
        if (!$this->isSigned($headers, $body, $now)) {
            return [401, []];
        }
        $class = $headers['x-job'] ?? '';
        $data = json_decode($body, true);
        if (!in_array($class, $this->jobs, true) || !is_array($data)) {
            return [422, ['webhook-delivery' => 'abort-message']];
        }
        // A receiver may see a delivery twice, mostly after a crash.
        $delivery = $headers['sluice-delivery-id'] ?? '';
        if (!($this->claim)($delivery)) {
            return [200, []];
        }
        try {
            (new $class(...$data))->handle((int) ($headers['sluice-attempt'] ?? 1));
            return [200, []];
        } catch (Throwable $error) {
            error_log((string) $error);
            ($this->release)($delivery);
            return [500, []];
        }
    }

    /** Standard Webhooks: HMAC-SHA-256 of id, time and body. */
    private function isSigned(array $headers, string $body, int $now): bool
    {
        [$id, $time] = [$headers['webhook-id'] ?? '', $headers['webhook-timestamp'] ?? ''];
        if (!ctype_digit($time) || abs($now - (int) $time) > self::TOLERANCE_SECONDS) {
            return false;
        }
        foreach ($this->secrets as $secret) {
            $key = base64_decode(substr($secret, strlen('whsec_')), true);
            if ($key === false || $key === '') {
                continue;
            }
            $expected = 'v1,' . base64_encode(hash_hmac('sha256', "{$id}.{$time}.{$body}", $key, true));
            foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
                if (hash_equals($expected, $given)) {
                    return true;
                }
            }
        }
        return false;
    }
}
