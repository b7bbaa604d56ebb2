-- WITHOUT ROWID added by hand, as in 0000.
CREATE TABLE `alerts` (
	`id` text PRIMARY KEY NOT NULL,
	`spec` text NOT NULL,
	`state` text NOT NULL,
	`revision` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) WITHOUT ROWID;
