"""A Label Studio server, asked over its REST API.

What may safely be asked twice is repeated when no answer comes. What may not (a POST that creates something) is sent
once: `Unanswered` then says that the server may or may not have done it, and the caller reads back before sending
again. label-studio-sdk's own client repeats such requests, which doubles tasks.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from mic21.errors import ReviewError, UsageError

KEY_VARIABLE = "LABEL_STUDIO_API_KEY"
URL_VARIABLE = "LABEL_STUDIO_URL"
PAGE = 1000
_TRIES = 5
_UNKNOWN = (408, 500, 502, 503, 504)  # a proxy or server that says nothing about what became of the request


class Unanswered(ReviewError):  # noqa: N818 - it names a state, not a fault
    """No answer came to a request that must not be repeated blindly."""


class Server:
    """A server and the account whose key this is.

    Attributes:
        url: without a slash at its end.
    """

    def __init__(self, url: str, key: str, *, timeout: float = 120) -> None:
        """Connect; nothing is sent yet.

        Args:
            url: such as http://127.0.0.1:8080.
            key: a personal access token, or a legacy token; it is never shown or stored.
            timeout: seconds that one request may take.

        Raises:
            UsageError: no URL, or no key.
        """
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"server: expected an http(s) address in --url or {URL_VARIABLE}, found {url!r}")
        if not key:
            raise UsageError(f"{KEY_VARIABLE}: expected the access token of a Label Studio account, found nothing")
        self.url = url.rstrip("/")
        self._key = key
        self._http = httpx.Client(base_url=self.url, timeout=timeout, follow_redirects=True)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> "Server":
        """The server itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The JSON that lies at a path; repeated when no answer comes.

        Raises:
            ReviewError: the server cannot be reached, or refuses.
        """
        return self._json(self._repeat("GET", path, params=dict(parameters or {})))

    def get_bytes(self, path: str) -> bytes:
        """The bytes at a path or address; repeated when no answer comes. Other servers never see the key."""
        return self._repeat("GET", path).content

    def patch(self, path: str, value: object) -> Any:
        """Set fields to values, which is the same done once or twice."""
        return self._json(self._repeat("PATCH", path, json=value))

    def delete(self, path: str) -> None:
        """Delete what may be gone already."""
        self._repeat("DELETE", path, gone=True)

    def post(self, path: str, value: object = None, **arguments: Any) -> Any:
        """Create something: sent once.

        Args:
            path: where.
            value: sent as JSON; or else `content` or `files` as httpx takes them.
            **arguments: of httpx.

        Raises:
            Unanswered: the server may or may not have done it.
            ReviewError: the server cannot be reached, or refuses; it has done nothing.
        """
        if value is not None:
            arguments["json"] = value
        response = self._send("POST", path, **arguments)
        return self._json(response) if response.content else None

    def pages(self, path: str, parameters: Mapping[str, Any], items: str) -> Iterator[dict[str, Any]]:
        """The items of a paged list, all of them.

        Raises:
            ReviewError: pages do not add up to the total that the server states.
        """
        page, seen = 1, 0
        while True:
            answer = self.get(path, {**parameters, "page": page, "page_size": PAGE})
            found = answer[items]
            yield from found
            seen += len(found)
            total = answer.get("total", answer.get("count"))
            if seen >= total:
                return
            if not found:
                raise ReviewError(f"{self.url}{path}: expected {total} {items}, found {seen}; try again")
            page += 1

    def _repeat(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        for attempt in range(_TRIES):
            try:
                return self._send(method, path, **arguments)
            except Unanswered:
                if attempt == _TRIES - 1:
                    raise
                time.sleep(0.5 * 2**attempt)
        raise AssertionError("unreachable")

    def _send(self, method: str, path: str, *, gone: bool = False, **arguments: Any) -> httpx.Response:
        """One request; once more with a fresh access token where the old one has run out."""
        own = not path.startswith(("http://", "https://")) or path.startswith(f"{self.url}/")
        try:
            response = self._once(method, path, own, arguments)
            if response.status_code == 401 and own and "." in self._key:
                self._http.headers.pop("Authorization", None)
                response = self._once(method, path, own, arguments)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unanswered(f"{self.url}: cannot be reached ({error}); is the server running?") from error
        except httpx.TransportError as error:
            raise Unanswered(f"{self.url}{path}: no answer to {method} ({type(error).__name__})") from error
        except httpx.InvalidURL as error:
            raise UsageError(f"{path}: expected an address ({error})") from error
        if response.status_code in _UNKNOWN:
            raise Unanswered(f"{self.url}{path}: {method} was answered with {response.status_code}")
        if gone and response.status_code == 404:
            return response
        if response.status_code in (401, 403):
            raise ReviewError(
                f"{self.url}{path}: the server refuses the key in {KEY_VARIABLE} ({response.status_code}); take a "
                "personal access token of an account that may do this"
            )
        if response.is_error:
            raise ReviewError(f"{self.url}{path}: {method} was refused ({response.status_code}): {_reason(response)}")
        return response

    def _once(self, method: str, path: str, own: bool, arguments: dict[str, Any]) -> httpx.Response:
        if not own:
            return httpx.request(method, path, timeout=self._http.timeout, follow_redirects=True, **arguments)
        if "Authorization" not in self._http.headers:
            self._http.headers["Authorization"] = self._authorization()
        return self._http.request(method, path, **arguments)

    def _authorization(self) -> str:
        if self._key.count(".") != 2:
            return f"Token {self._key}"
        answer = self._http.post("/api/token/refresh/", json={"refresh": self._key})
        if answer.status_code != 200:
            raise ReviewError(f"{self.url}: the server refuses the key in {KEY_VARIABLE} ({answer.status_code})")
        return f"Bearer {self._json(answer)['access']}"

    def _json(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            kind = response.headers.get("Content-Type", "nothing that says what it is")
            raise ReviewError(
                f"{response.url}: expected JSON, found {kind}; is {self.url} the address of a Label Studio?"
            ) from error


def _reason(response: httpx.Response) -> str:
    try:
        answer = response.json()
    except ValueError:
        return response.reason_phrase
    reasons = answer.get("validation_errors") or answer.get("detail") or answer if isinstance(answer, dict) else answer
    return str(reasons)[:300]
