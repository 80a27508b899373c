"""Plays one visit to a server with python-socketio, and prints what it saw as a line of JSON for each thing."""

import json
import os
import sys
import threading

import socketio

url, transports = sys.argv[1], sys.argv[2].split(",")
DEADLINE_S = 20

client = socketio.Client(reconnection=False)
said = threading.Event()
understood = threading.Event()
greeted = threading.Event()
telling = threading.Lock()
is_disconnected = False


def tell(kind, *values):
    """Handlers run in threads of their own: a line is written whole."""
    line = json.dumps([kind, *values], default=lambda value: {"bytes": value.hex()})
    with telling:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def wait_for(event, what):
    if not event.wait(DEADLINE_S):
        tell("missing", what)
        sys.exit(1)


@client.on("greeting")
def on_greeting(*args):
    tell("greeting", *args)
    greeted.set()


@client.on("said")
def on_said(*args):
    tell("said", *args)
    said.set()


@client.on("question")
def on_question(*args):
    tell("question", *args)
    return "an answer", b"\x03\x04"


@client.on("understood")
def on_understood():
    understood.set()


@client.on("news", namespace="/feed")
def on_news(*args):
    tell("news", *args)


@client.on("disconnect")
def on_disconnect(*args):
    """python-socketio may call it twice at once: for the packet, and for the end of the transport."""
    global is_disconnected
    with telling:
        was_disconnected, is_disconnected = is_disconnected, True
    if not was_disconnected:
        tell("disconnect")


def leave_on_error(kind, error, _trace):
    """Its threads would keep the process."""
    print(f"{kind.__name__}: {error}", file=sys.stderr, flush=True)
    os._exit(1)


sys.excepthook = leave_on_error
client.connect(url, auth={"token": "secret"}, transports=transports, namespaces=["/", "/feed"], wait=True, wait_timeout=DEADLINE_S)
wait_for(greeted, "greeting")
tell("answer", *client.call("echo", ("hellø", 1, {"deep": [None, True]}), timeout=DEADLINE_S))
tell("binary answer", *client.call("echo", (b"\x00\xff", {"deep": [b"x"]}), timeout=DEADLINE_S))
tell("feed", client.call("latest", namespace="/feed", timeout=DEADLINE_S))
client.emit("say", "to all")
wait_for(said, "said")
client.emit("ask me")
wait_for(understood, "understood")
tell("transport", client.transport())
client.emit("end it")
client.wait()
