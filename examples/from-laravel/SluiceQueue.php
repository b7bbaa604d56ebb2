<?php

declare(strict_types=1);

/** Publishes jobs to Sluice: each queue is a destination of that name. In Laravel, bind it as a singleton, and use Http:: instead of the stream. */
final class SluiceQueue
{
    /** @param string $token of scope `write` */
    public function __construct(private readonly string $url, private readonly string $token) {}

    /**
     * @param string|null $id pushing a job with the same id within a day adds nothing, like ShouldBeUnique
     * @param int $delay seconds
     * @return string the event's id, once the job is stored durably
     */
    public function push(string $queue, object $job, ?string $id = null, int $delay = 0): string
    {
        $body = [
            'destinations' => [$queue],
            'body' => get_object_vars($job) ?: new stdClass(),
            'headers' => ['x-job' => $job::class],
        ];
        if ($delay > 0) {
            $body['delay_seconds'] = $delay;
        }
        $context = stream_context_create(['http' => [
            'method' => 'POST',
            'header' => [
                "authorization: Bearer {$this->token}",
                'content-type: application/json',
                "idempotency-key: {$queue}/" . ($id ?? bin2hex(random_bytes(16))),
            ],
            'content' => json_encode($body, JSON_THROW_ON_ERROR),
            'ignore_errors' => true,
            'timeout' => 15,
        ]]);
        $answer = @file_get_contents("{$this->url}/api/v1/events", false, $context);
        if ($answer === false || !str_contains($http_response_header[0] ?? '', ' 202')) {
            throw new RuntimeException("{$queue}: Sluice does not take the job: " . ($answer ?: 'no answer'));
        }
        return json_decode($answer, true, flags: JSON_THROW_ON_ERROR)['id'];
    }
}
