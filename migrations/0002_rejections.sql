-- WITHOUT ROWID added by hand, as in 0000.
CREATE TABLE `rejection_samples` (
	`source_id` text NOT NULL,
	`reason` text NOT NULL,
	`last_at` integer NOT NULL,
	`samples` text NOT NULL,
	PRIMARY KEY(`source_id`, `reason`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `rejections` (
	`hour` integer NOT NULL,
	`source_id` text NOT NULL,
	`reason` text NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`hour`, `source_id`, `reason`)
) WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `events` ADD `duplicate_of` text;