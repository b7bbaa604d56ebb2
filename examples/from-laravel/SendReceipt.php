<?php

declare(strict_types=1);

/** A job as Laravel has them, without the traits of its queue. */
final class SendReceipt
{
    public function __construct(public readonly string $order, public readonly int $failures = 0) {}

    /** @param int $attempt what `$this->attempts()` was */
    public function handle(int $attempt): void
    {
        if ($attempt <= $this->failures) {
            throw new RuntimeException("the mail server is away for {$this->order}");
        }
        file_put_contents(getenv('RECEIPTS'), "{$this->order} attempt {$attempt}\n", FILE_APPEND | LOCK_EX);
    }
}
