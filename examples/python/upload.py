"""Uploads one file by Quintet's C library: upload.py URL FILE (the library is libquintet.so.0, or what QUINTET_LIBRARY names)."""
import ctypes, json, os, sys
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

class Text(Structure):
    _fields_ = [("data", c_void_p), ("len", c_size_t)]
    def __str__(self):
        return ctypes.string_at(self.data, self.len).decode("utf-8", "replace")

class Event(Structure):
    _fields_ = [("struct_size", c_uint32), ("kind", c_int32), ("task", c_uint64), ("user", c_void_p), ("at_us", c_uint64),
                ("bytes_sent", c_uint64), ("bytes_total", c_uint64), ("bytes_acked", c_int64), ("speed", c_uint64),
                ("percent", c_int32), ("status", c_int32), ("error", c_int32), ("number", c_int32), ("err_msg", Text),
                ("detail", Text), ("trace", Text), ("body", Text), ("json", Text), ("headers", c_void_p),
                ("headers_len", c_size_t)]

ON_EVENT = CFUNCTYPE(None, c_void_p, POINTER(Event))

class Settings(Structure):
    _fields_ = [("struct_size", c_uint32), ("flags", c_uint32), ("user", c_void_p), ("on_event", ON_EVENT),
                ("on_drop", c_void_p), ("transport", c_void_p), ("root", c_char_p), ("root_pem", c_char_p),
                ("root_pem_len", c_size_t), ("json", c_char_p), ("json_len", c_size_t), ("active_max", c_uint32),
                ("redirects", c_uint32), ("connect_timeout_ms", c_uint64), ("stall_timeout_ms", c_uint64),
                ("progress_interval_ms", c_uint64), ("response_bytes_max", c_uint64)]

PROGRESS, DONE, POLLED, JSON_EVENTS = 3, 5, 1, 2
library = ctypes.CDLL(os.environ.get("QUINTET_LIBRARY", "libquintet.so.0"))
library.quintet_last_error.restype = c_char_p
outcome = {}

@ON_EVENT
def on_event(_user, event):  # inside quintet_task_wait, on this thread, since the engine is polled
    told = event.contents
    if told.kind in (PROGRESS, DONE):
        print(told.json if told.kind == PROGRESS else told.err_msg)
    if told.kind == DONE:
        outcome.update(json.loads(str(told.json)))  # all of it is gone after the call

def call(name, *arguments):
    if getattr(library, name)(*arguments) < 0:
        sys.exit(f"{name}: {library.quintet_last_error().decode()}")

engine, request, task = c_uint64(), c_uint64(), c_uint64()
settings = Settings(struct_size=ctypes.sizeof(Settings), flags=POLLED | JSON_EVENTS, on_event=on_event)
options = json.dumps({"url": sys.argv[1], "filePath": sys.argv[2], "name": "file", "formData": {"album": "spring"}}).encode()
call("quintet_engine_new", byref(settings), byref(engine))
call("quintet_request_from_json", options, c_size_t(len(options)), byref(request))
call("quintet_upload", engine, request, None, byref(task))
call("quintet_task_wait", task, -1)
call("quintet_engine_free", engine)
print(outcome.get("statusCode"), outcome.get("data"))
