"""A simulator of inference providers: one process, every protocol, faults by script.

    with Simulator() as simulator:
        site = simulator.open("replicate", secret="...")
        ... site.base_url, site.submissions, site.cancels, site.jobs, site.webhooks

Each site is a server of its own, at a port of its own. What goes wrong is a word in the prompt: see faults.py. The
protocols are written after the vendors' documents, and reject what the vendors reject. Nothing but the standard library.
"""

import asyncio
import threading

from .a1111 import A1111
from .comfyui import Comfyui, OldComfyui
from .fal import Fal
from .gemini import Gemini, GeminiPictures
from .kserve_v2 import KserveV2
from .ollama import Ollama
from .openai_chat import OpenaiChat
from .openai_embeddings import OpenaiEmbeddings
from .openai_images import OpenaiImages
from .openai_moderations import OpenaiModerations
from .openai_videos import OpenaiVideos
from .pavilion import Pavilion
from .replicate import Replicate
from .runpod import Runpod
from .sdcpp import Sdcpp
from .site import Site

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        A1111, Comfyui, OldComfyui, Fal, Gemini, GeminiPictures, KserveV2, Ollama, OpenaiChat, OpenaiEmbeddings, OpenaiImages,
        OpenaiModerations, OpenaiVideos, Pavilion, Replicate, Runpod, Sdcpp,
    )
}  # fmt: skip


class Simulator:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.sites = []

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        for site in self.sites:
            self.run(site.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def begin(self, work):
        """Has a coroutine run where the sites run; its result comes later."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work):
        """What such a coroutine returns."""
        return self.begin(work).result(60)

    def open(self, protocol, secret, fault=None, resolve=None, port=0, resets_early=False):
        async def opened():
            site = Site(PROTOCOLS[protocol], secret, fault, resolve)
            site.resets_early = resets_early
            await site.start(port)
            return site

        self.sites.append(self.run(opened()))
        return self.sites[-1]

    def call(self, function, *arguments):
        """Calls a function where the sites run, so that nothing else of them happens at the same time."""

        async def called():
            return function(*arguments)

        return self.run(called())
