"""Compiling the UNet's repeated layers with torch.compile, as an option.

Whole layers are compiled, not the network: the runners (`runner`, `tape`) call a layer slice by
slice, with and without gradients, and pull two gradients through one graph. Layers of the same
sizes share their code. Every shape is compiled for itself (static shapes: inductor of torch 2.13
fails on dynamic ones here), of which the slicing makes few. CUDA graphs are left out: whether they
pay cannot be judged without a card.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from mf_backend.models.denoiser.motion_module import TemporalTransformer
from mf_backend.models.denoiser.transformer import SpatialTransformer
from mf_backend.models.running.runner import Layer

_log = logging.getLogger(__name__)
_PARTS: dict[type[nn.Module], tuple[str, ...]] = {
    ResnetBlock2D: ("forward",),
    SpatialTransformer: ("begin", "finish"),
    TemporalTransformer: ("per_pixel",),
}
"""Methods of layers that are compiled. They take tensors by position and give one tensor."""
_DYNAMO: dict[str, Any] = {"recompile_limit": 512, "accumulated_recompile_limit": 4096}
"""All layers of a kind share one method, so that each of their shapes counts as a recompilation."""
_AOT: dict[str, Any] = {"donated_buffer": False, "force_non_lazy_backward_lowering": True}
"""Two gradients go through one graph, so it may not give its buffers away; and the backward pass
is compiled with the forward pass, so that both fail in the same place."""


def cannot_compile(device: torch.device) -> str:
    """Why nothing can be compiled for `device`, to follow "because"; empty where it can be.

    Whether the compiler then copes with every layer shows only at its first call.
    """
    if device.type == "cpu":
        from torch._inductor.cpp_builder import get_cpp_compiler

        try:
            get_cpp_compiler()
        except (OSError, RuntimeError):
            return "no C++ compiler was found (g++, clang++, or the one that CXX names)"
        return ""
    if device.type == "cuda":
        from torch.utils._triton import has_triton

        return "" if has_triton() else "the library triton is missing or the card is too old for it"
    return f"it is not supported on the device {device.type}"


@contextmanager
def compiled_layers(
    networks: Sequence[nn.Module],
    *,
    warn: Callable[[str], None],
    check: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Inside the block the layers of `networks` are compiled, each shape at its first call.

    Where that cannot work, `warn` gets one sentence, once, and the layers run as they are. `check`
    is called before each layer, since the first pass takes minutes: what it raises ends the pass.
    Compiled code is kept in this process for the next block, and on disk where torch keeps it
    (TORCHINDUCTOR_CACHE_DIR, else the system's temporary folder).
    """
    from torch._dynamo import config as dynamo
    from torch._functorch import config as aot

    compiler = _Compiler(warn, check)
    reason = cannot_compile(next(networks[0].parameters()).device)
    if reason:
        compiler.give_up(reason)
        yield
        return
    with ExitStack() as stack:
        stack.enter_context(dynamo.patch(_DYNAMO))
        stack.enter_context(aot.patch(_AOT))
        for network in networks:
            for module in network.modules():
                for name in _methods(module):
                    setattr(module, name, compiler.compiled(getattr(module, name)))
                    # The method itself shows again once the instance has nothing of that name.
                    stack.callback(delattr, module, name)
        yield


def _methods(module: nn.Module) -> tuple[str, ...]:
    return next((names for kind, names in _PARTS.items() if isinstance(module, kind)), ())


class _Compiler:
    """Compiles layers until that fails once."""

    def __init__(self, warn: Callable[[str], None], check: Callable[[], None]) -> None:
        self._warn = warn
        self._check = check
        self._gave_up = False

    def give_up(self, reason: str) -> None:
        """Run layers as they are from now on, and say why."""
        self._gave_up = True
        self._warn(f"The layers run uncompiled, because {reason}; the pictures are the same.")

    def compiled(self, eager: Layer) -> Layer:
        """`eager`, compiled for calls with nothing but tensors (and None)."""
        quick: Layer = torch.compile(eager, dynamic=False, fullgraph=True)
        failures = _failures()

        def call(*values: Any) -> Tensor:
            self._check()
            # Injected and collected keys and values change with the step: not worth compiling.
            if self._gave_up or not all(x is None or isinstance(x, Tensor) for x in values):
                return eager(*values)
            try:
                return quick(*values)
            except failures as error:
                inner = getattr(error, "inner_exception", None)
                if isinstance(inner, torch.OutOfMemoryError | MemoryError):
                    raise inner from error
                _log.info("torch.compile failed", exc_info=error)
                self.give_up(f"torch.compile failed ({_first_words(inner or error)})")
            return eager(*values)

        return call


def _failures() -> tuple[type[Exception], ...]:
    """What torch.compile raises where it cannot do its work."""
    from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException
    from torch._inductor.exc import CppCompileError, InvalidCxxCompiler

    return (TorchDynamoException, FailOnRecompileLimitHit, CppCompileError, InvalidCxxCompiler)


def _first_words(error: BaseException) -> str:
    """What a compiler's long message begins with."""
    # A C++ compiler's own words are in `output`, behind the command line.
    lines = [line.strip() for line in str(getattr(error, "output", error)).splitlines()]
    found = next((line for line in lines if line), type(error).__name__)
    return found if len(found) <= 200 else f"{found[:200]}…"
