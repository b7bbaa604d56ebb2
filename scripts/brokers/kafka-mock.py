# librdkafka's mock cluster, which its own tests use, with an HTTP control port. Loopback only.
# python3 kafka-mock.py BROKERS CONTROL_PORT; prints the bootstrap addresses.
import ctypes
import http.server
import json
import sys
import urllib.parse

librdkafka = ctypes.CDLL("librdkafka.so.1")
pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p


def function(name, result, *arguments):
    found = getattr(librdkafka, name)
    found.restype, found.argtypes = result, arguments
    return found


configuration = function("rd_kafka_conf_new", pointer)()
error = ctypes.create_string_buffer(256)
handle = function("rd_kafka_new", pointer, number, pointer, text, ctypes.c_size_t)(0, configuration, error, 256)
assert handle, error.value
cluster = function("rd_kafka_mock_cluster_new", pointer, pointer, number)(handle, int(sys.argv[1]))
bootstrap = function("rd_kafka_mock_cluster_bootstraps", text, pointer)(cluster).decode()
create = function("rd_kafka_mock_topic_create", number, pointer, text, number, number)
topic_error = function("rd_kafka_mock_topic_set_error", None, pointer, text, number)
round_trip = function("rd_kafka_mock_broker_set_rtt", number, pointer, ctypes.c_int32, number)
down = function("rd_kafka_mock_broker_set_down", number, pointer, ctypes.c_int32)
up = function("rd_kafka_mock_broker_set_up", number, pointer, ctypes.c_int32)


class Control(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        topic, broker = query.get("topic", "").encode(), int(query.get("broker", 1))
        result = {
            "/create": lambda: create(cluster, topic, int(query.get("partitions", 3)), 1),
            "/fail": lambda: topic_error(cluster, topic, int(query["code"])),
            "/delay": lambda: round_trip(cluster, broker, int(query["ms"])),
            "/down": lambda: down(cluster, broker),
            "/up": lambda: up(cluster, broker),
        }[url.path]()
        body = json.dumps(result).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


print(bootstrap, flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Control).serve_forever()
