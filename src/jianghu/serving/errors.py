"""Errors in OpenAI's shape: {"error": {"message", "type", "param", "code"}}."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException


class ErrorFields(BaseModel):
    """What went wrong, for people and for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorFields


class ApiError(Exception):
    """A request that is not answered, with its status and what the client is told."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        type: str = "invalid_request_error",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers
        self.fields = ErrorFields(message=message, type=type, param=param, code=code)

    def response(self) -> JSONResponse:
        return JSONResponse({"error": self.fields.model_dump()}, self.status, self.headers)


def overloaded(message: str) -> ApiError:
    """More is asked for than the server takes on; clients try again by themselves."""
    return ApiError(429, message, "rate_limit_exceeded", type="rate_limit_error", headers={"Retry-After": "1"})


def stopping() -> ApiError:
    """The server has been told to end."""
    return ApiError(503, "The server is stopping. Ask again when it is back.", "server_stopping", type="server_error")


def broken() -> ApiError:
    """A fault of ours; what it was is in the log, not in the answer."""
    message = "The server had an error while processing your request."
    return ApiError(500, message, type="server_error")


def install(app: FastAPI) -> None:
    """Give every error of an application this shape."""

    @app.exception_handler(ApiError)
    async def own(request: Request, error: ApiError) -> JSONResponse:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return _explain(error).response()

    @app.exception_handler(HTTPException)
    async def routed(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if error.status_code == 404:
            message = f"Unknown request URL: {request.method} {request.url.path}."
            return ApiError(404, message, "unknown_url", headers=headers).response()
        if error.status_code == 405:
            message = f"Not allowed to {request.method} on {request.url.path}."
            return ApiError(405, message, "method_not_supported", headers=headers).response()
        return ApiError(error.status_code, f"{error.detail}.", headers=headers).response()

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> JSONResponse:
        return broken().response()


def _explain(error: RequestValidationError) -> ApiError:
    """The first fault of a request in one sentence, with the name of the parameter."""
    faults = error.errors()
    fault = next((fault for fault in faults if not fault["type"].endswith("_type")), faults[0])  # what fits best
    kind, where = fault["type"], [str(part) for part in fault["loc"][1:] if _is_name(part)]
    if kind == "json_invalid":
        return ApiError(400, "We could not parse the JSON body of your request.")
    name = ".".join(where) or None
    if kind == "extra_forbidden":
        return ApiError(400, f"Unrecognized request argument supplied: {name}", "unknown_parameter", name)
    if kind == "missing" and where:
        return ApiError(400, f"Missing required parameter: '{name}'.", "missing_required_parameter", name)
    if name is None:
        return ApiError(400, "The body of the request must be a JSON object with Content-Type application/json.")
    return ApiError(400, f"Invalid '{name}': {_lower(fault['msg'])}.", "invalid_value", name)


def _is_name(part: int | str) -> bool:
    """Whether a part of a fault's place is a field's name or number, and not pydantic's word for a type."""
    return isinstance(part, int) or (part.isidentifier() and part not in ("str", "int"))


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")
