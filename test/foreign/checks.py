"""Checks with boto3 against the simulator, and a report of them as one JSON object on stdout.

A check is a function with a fact for a docstring; it fails by raising. Each makes what it needs, so that the
order does not matter. Operations are counted as botocore parsed their answers.
"""

import collections
import json
import os
import sys
import traceback
import urllib.request

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError as error:
    sys.exit(f"{error}: apt-get install python3-boto3")

SIMULATOR = os.environ["SIMULATOR"]
MIB = 1024 * 1024
HOUR = 3600
DAY = 24 * HOUR

_checks = []
_calls = collections.Counter()
_names = iter(range(10**6))


def check(function):
    _checks.append(function)
    return function


def connect(service, attempts=1, **more):
    """A client whose granted calls are counted."""
    config = Config(retries={"max_attempts": attempts - 1}, **more.pop("config", {}))
    client = boto3.client(service, endpoint_url=SIMULATOR, config=config, **more)

    def count(parsed, model, **_):
        if parsed["ResponseMetadata"]["HTTPStatusCode"] < 300:
            _calls[model.name] += 1

    client.meta.events.register("after-call", count)
    return client


def fresh(kind):
    """A name nothing else has."""
    return f"{kind}-{next(_names)}"


def pattern(size):
    """Byte i is i mod 251."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def control(request, body=None):
    """Asks the simulator's control door; a body makes it a POST."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    url = f"{SIMULATOR}/-simulator/{request}"
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def advance(seconds):
    control("advance", {"seconds": seconds})


def same(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def refused(code, status, call, **arguments):
    """Makes a call that is to fail so, and returns what botocore made of the refusal."""
    try:
        call(**arguments)
    except ClientError as error:
        answer = error.response
        same((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), (code, status))
        return error
    raise AssertionError(f"not refused with {code}")


def report():
    outcomes = []
    for function in _checks:
        failure = None
        try:
            function()
        except Exception:
            failure = traceback.format_exc()
        outcomes.append({"fact": function.__doc__, "failure": failure})
    json.dump({"outcomes": outcomes, "calls": _calls}, sys.stdout)
