<?php
// PHP's own form parser behind PHP's built-in server; a router script, started by php_server.py.
header('Content-Type: application/json');
if ($_SERVER['REQUEST_METHOD'] !== 'POST' || $_SERVER['REQUEST_URI'] !== '/upload') {
    http_response_code(404);
    echo json_encode(['server' => 'php', 'error' => 'POST /upload']);
    return;
}
$fields = [];
foreach ($_POST as $name => $value) {
    // A numeric name comes back as an integer, a repeated one keeps its last value: PHP's rules.
    foreach (is_array($value) ? $value : [$value] as $one) {
        $fields[] = [(string) $name, $one];
    }
}
$files = [];
foreach ($_FILES as $name => $file) {
    $ok = $file['error'] === UPLOAD_ERR_OK;
    $files[] = [
        'name' => (string) $name,
        'fileName' => $file['name'],
        'contentType' => $file['type'],
        'size' => $ok ? $file['size'] : null,
        'sha256' => $ok ? hash_file('sha256', $file['tmp_name']) : null,
        'error' => $file['error'],
    ];
}
$flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE;
echo json_encode(['server' => 'php', 'fields' => $fields, 'files' => $files], $flags);
