"""FastAPI: each request surrounds what it does with whom it is for; handlers and what they call just ask.

PENNON_URL=… PENNON_SDK_KEY=… uvicorn with_fastapi:app
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

from pennon.aio import AsyncClient


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncClient() as flags:  # waits for the first snapshot without holding up the loop
        app.state.flags = flags
        yield


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def for_whom(request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
    with request.app.state.flags.context(user_id=request.headers.get("x-user")):
        return await handle(request)


@app.get("/order")
async def order(request: Request) -> dict[str, str]:
    return {"flow": "new" if request.app.state.flags.is_enabled("new_checkout_flow") else "legacy"}
