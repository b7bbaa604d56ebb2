ALTER TABLE `events` ADD `options` text;--> statement-breakpoint
ALTER TABLE `idempotency_keys` ADD `claimed_at` integer;