"""Requests to a server that speaks OpenAI's chat protocol: patient where it is busy, exact about what went wrong."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from mic21.errors import BackendError

_FATAL = {401, 403, 404, 405}
_LONGEST_WAIT = 60.0  # seconds, whatever the server asks for


class RequestFailed(Exception):  # noqa: N818 - it tells what happened to one request and never leaves the drafts
    """A request that the server did not answer, though others may fare better."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class ChatServer:
    """A server's `/chat/completions`, asked from several threads at once."""

    def __init__(
        self,
        url: str,
        key: str | None,
        *,
        timeout: float,
        retries: int,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open nothing yet.

        Args:
            url: with the version, `http://127.0.0.1:11434/v1`.
            key: sent as a bearer token, if given; it is never shown.
            timeout: seconds until an answer must have come.
            retries: how often a request is sent again.
            wait: sleeps.

        Raises:
            BackendError: the address is none of HTTP, or the key cannot be sent.
        """
        if key and not (key.isascii() and key.isprintable()):
            raise BackendError("OPENAI_API_KEY: expected ASCII without spaces and line ends, found other characters")
        try:
            address = httpx.URL(url.rstrip("/"))
            is_web = address.scheme in ("http", "https") and bool(address.host)
        except httpx.InvalidURL:
            is_web = False
        if not is_web:
            found = url.rpartition("@")[2]  # without a password
            raise BackendError(f"--url: expected an address such as http://127.0.0.1:11434/v1, found {found!r}")
        self._shown = str(address.copy_with(username=None, password=None, query=None))
        self._key = key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=None)  # the threads are the limit
        self._client = httpx.Client(timeout=httpx.Timeout(timeout, connect=10.0), headers=headers, limits=unlimited)
        self._endpoint = f"{address}/chat/completions"
        self._retries, self._wait = retries, wait
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()  # requests, retries, prompt_tokens, completion_tokens

    def ask(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a request, which is repeated where the server is busy (429), broken (5xx) or gone.

        Raises:
            RequestFailed: the server refused this request, or failed at it again and again.
            BackendError: nothing listens at the address, or the server will not have us at all.
        """
        for attempt in range(self._retries + 1):
            self._count(requests=1, retries=int(attempt > 0))
            try:
                response = self._client.post(self._endpoint, json=body)
            except httpx.TransportError as error:
                if attempt < self._retries:
                    self._wait(_back_off(attempt))
                    continue
                reason = self._hidden(f"{type(error).__name__}: {error}".rstrip(": "))
                if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                    raise BackendError(f"{self._shown}: no server answers ({reason})") from error
                raise RequestFailed(f"the server broke off {self._retries + 1} times ({reason})") from error
            if _is_passing(response.status_code) and attempt < self._retries:
                asked = _asked_for(response)
                self._wait(_back_off(attempt) if asked is None else asked)
                continue
            return self._read(response)
        raise AssertionError("the last attempt returns or raises")

    def _read(self, response: httpx.Response) -> Mapping[str, Any]:
        status = response.status_code
        if status in _FATAL:
            advice = {401: "; set OPENAI_API_KEY", 404: "; is it the address with /v1, and is the model there?"}
            found = f"{status} {self._message(response)}"
            raise BackendError(f"{self._shown}: expected an answer, found {found}{advice.get(status, '')}")
        if not response.is_success:
            tries = f" after {self._retries + 1} tries" if _is_passing(status) else ""
            raise RequestFailed(f"the server answered {status}{tries}: {self._message(response)}", status)
        try:
            answer = response.json()
        except ValueError as error:
            raise RequestFailed(f"expected JSON of the server, found {self._hidden(response.text)[:80]!r}") from error
        if not isinstance(answer, dict):
            raise RequestFailed(f"expected a JSON object of the server, found {type(answer).__name__}")
        usage = answer.get("usage")
        if isinstance(usage, dict):
            counted = {name: usage.get(name) for name in ("prompt_tokens", "completion_tokens")}
            self._count(**{name: tokens for name, tokens in counted.items() if isinstance(tokens, int)})
        return answer

    def _message(self, response: httpx.Response) -> str:
        """What the server says, without our key, in one line."""
        try:
            found = response.json()["error"]
            text = found["message"] if isinstance(found, dict) else found
        except (ValueError, KeyError, TypeError):
            text = response.text
        return self._hidden(" ".join(str(text).split()))[:200]

    def _hidden(self, text: str) -> str:
        return text.replace(self._key, "…") if self._key else text

    def _count(self, **counts: int) -> None:
        with self._lock:
            self.counts.update(counts)


def _is_passing(status: int) -> bool:
    return status == 429 or status >= 500


def _back_off(attempt: int) -> float:
    """Seconds before the next try: 1, 2, 4 … and up to half as much again, so that many clients do not come at once."""
    return min(_LONGEST_WAIT, 2.0**attempt) * random.uniform(1, 1.5)


def _asked_for(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait: a number, or a date."""
    asked = response.headers.get("retry-after", "")
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(asked).timestamp() - time.time()
        except ValueError:
            return None
    return min(_LONGEST_WAIT, max(0.0, seconds))
