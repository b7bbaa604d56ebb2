ALTER TABLE `deliveries` ADD `event_type` text;--> statement-breakpoint
ALTER TABLE `events` ADD `event_type` text;