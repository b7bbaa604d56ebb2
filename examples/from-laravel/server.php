<?php

declare(strict_types=1);

// The route without Laravel: `php -S 127.0.0.1:8000 server.php`. README.md has it as a route and a controller.
require __DIR__ . '/SluiceJobs.php';
require __DIR__ . '/SendReceipt.php';

/** A file for each delivery that was done; `x` fails where there is one. */
$file = fn (string $id): string => getenv('DONE') . '/' . preg_replace('/[^\w-]/', '', $id);
$jobs = new SluiceJobs(
    secrets: explode(' ', getenv('SLUICE_SECRET') ?: ''),
    jobs: [SendReceipt::class],
    claim: fn (string $id): bool => @fopen($file($id), 'x') !== false,
    release: fn (string $id) => unlink($file($id)),
);
[$status, $headers] = $jobs->handle(
    array_change_key_case(getallheaders(), CASE_LOWER),
    (string) file_get_contents('php://input'),
    time(),
);
http_response_code($status);
foreach ($headers as $name => $value) {
    header("{$name}: {$value}");
}
