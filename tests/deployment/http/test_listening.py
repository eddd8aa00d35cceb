import signal

import pytest
import uvicorn

from fag_tf.deployment.http.listening import HttpServer, bind
from fag_tf.errors import InputError


def test_a_free_port_can_be_had_and_a_taken_one_is_told():
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert port > 0
        with pytest.raises(InputError, match=rf"127\.0\.0\.1:{port}\b"):
            bind("127.0.0.1", port)


def test_an_address_of_another_machine_is_told():
    with pytest.raises(InputError, match=r"192\.0\.2\.1:80\b"):
        bind("192.0.2.1", 80)


def test_the_server_leaves_signals_to_whoever_started_it():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    server = HttpServer(uvicorn.Config(lambda: None))
    with server.capture_signals():
        inside = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert inside == before
