<?php

declare(strict_types=1);

// What the application did with `SendReceipt::dispatch(…)->onQueue('receipts')`.
require __DIR__ . '/SluiceQueue.php';
require __DIR__ . '/SendReceipt.php';

$queue = new SluiceQueue(getenv('SLUICE_URL') ?: '', getenv('SLUICE_TOKEN') ?: '');
$queue->push('receipts', new SendReceipt('order-1'), id: 'order-1');
$queue->push('receipts', new SendReceipt('order-1'), id: 'order-1');
$queue->push('receipts', new SendReceipt('order-2', failures: 1));
$queue->push('receipts', new SendReceipt('order-3'), delay: 2);
echo "pushed\n";
