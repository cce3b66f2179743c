"""`python -m mf_backend bench`: parity, speed, memory."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.options import add_actions, add_checked
from mf_backend.cli.output import print_result, say
from mf_backend.contracts.checks.build import rule_of
from mf_backend.contracts.checks.rules import Whole
from mf_backend.contracts.errors import ExitCode, InputError
from mf_backend.contracts.request import MOST_STEPS, Settings

_GIB = 2**30
BUNDLES_VARIABLE = "MF_PARITY_BUNDLES"


def add_parser(subparsers: Any) -> None:
    """Add the `bench` subcommand."""
    parser = subparsers.add_parser("bench", help=COMMANDS["bench"])
    action = add_actions(parser, "bench_action")

    sub = action("parity", "worst relative difference from recorded runs, stage by stage")
    sub.add_argument(
        "--bundles",
        metavar="DIR",
        default="",
        help=f"folder of recorded runs (default: the environment's {BUNDLES_VARIABLE})",
    )
    sub.add_argument("--only", action="append", default=[], metavar="NAME", help="this run only")
    sub = action("speed", "seconds of each kind of step against a plain port's")
    _add_setting(sub, "tiny", 2, "float32", 25, 3.5)
    text = "steps of each kind to time"
    add_checked(sub, "--repeats", Whole(1, 1000), default=5, metavar="N", help=text)
    sub.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu counts this process's own processor time, for a machine that others use too",
    )
    sub.add_argument(
        "--compile", action="store_true", help="time the default sampler with compiled layers too"
    )
    sub = action("memory", "peak bytes of a guided step, with random weights")
    _add_setting(sub, "full", 24, "float16", 50, 7.0)
    sub.add_argument("--sampler", choices=("default", "released"), default="default")
    sub.add_argument("--baseline", action="store_true", help="count the plain port too")
    sub.add_argument(
        "--fit", metavar="FILE", help="write the memory presets' coefficients (minutes)"
    )


def _add_setting(
    sub: argparse.ArgumentParser, model: str, frames: int, dtype: str, steps: int, cfg: float
) -> None:
    sub.add_argument("--model", choices=("tiny", "mid", "full"), default=model)
    add_checked(sub, "--frames", Whole(1, 1000), default=frames, metavar="N")
    sub.add_argument("--size", default="512", help="512 or WIDTHxHEIGHT")
    sub.add_argument("--dtype", choices=("float16", "bfloat16", "float32"), default=dtype)
    add_checked(sub, "--steps", Whole(1, MOST_STEPS), default=steps, metavar="N")
    add_checked(sub, "--cfg", rule_of(Settings, "cfg"), default=cfg, metavar="N")
    sub.add_argument("--moving-camera", action="store_true")
    sub.add_argument("--device", default="auto", help="auto, cpu, cuda, mps or meta")
    sub.add_argument("--memory", choices=("auto", "6", "8", "12", "24"), default="auto")
    add_checked(sub, "--seed", rule_of(Settings, "seed"), default=0, metavar="N")


def run(args: argparse.Namespace) -> int:
    """Carry out one measurement; returns the exit code and raises mf_backend.contracts.errors."""
    return int(_ACTIONS[args.bench_action](args))


def _parity(args: argparse.Namespace) -> int:
    from mf_backend.bench.parity import (
        compare,
        find_bundles,
        load_bundle,
        load_models,
        record,
        worst_by_stage,
    )

    folder = args.bundles or os.environ.get(BUNDLES_VARIABLE, "")
    if not folder:
        raise InputError(
            "bundles-missing", "No folder of recorded runs is named.", "Give --bundles DIR."
        )
    paths = [x for x in find_bundles(Path(folder)) if not args.only or x.name in args.only]
    if not paths:
        raise InputError("bundles-missing", f"There are no recorded runs in {folder}.")
    value: dict[str, Any] = {"bundles": {}}
    lines: list[str] = []
    wrong = 0
    for path in paths:
        say(f"Running {path.name}")
        bundle = load_bundle(path)
        differences = compare(bundle, record(bundle, load_models(bundle)))
        failed = [item.key for item in differences if not item.passed]
        wrong += len(failed)
        worst = list(worst_by_stage(differences))
        value["bundles"][path.name] = {
            "keys": len(differences),
            "failed": failed,
            "stages": {
                item.stage: {"worst": item.relative, "allowed": item.allowed, "key": item.key}
                for item in worst
            },
        }
        lines.append(f"{path.name}: {len(differences)} keys, {len(failed)} fail")
        lines += [
            f"  {item.stage:20} {item.relative:9.2e} of {item.allowed:7.1e}  {item.key}"
            for item in worst
        ]
    print_result(args.json, {**value, "passed": not wrong}, lines)
    return ExitCode.OTHER if wrong else ExitCode.DONE


def _setting(args: argparse.Namespace) -> Any:
    from mf_backend.bench.settings import DTYPES, BenchSettings, Model, parse_device, parse_size

    return BenchSettings(
        model=Model(args.model),
        frames=args.frames,
        size=parse_size(args.size),
        steps=args.steps,
        cfg=args.cfg,
        moving_camera=args.moving_camera,
        device=parse_device(args.device),
        dtype=DTYPES[args.dtype],
        seed=args.seed,
    )


def _plan(args: argparse.Namespace, setting: Any) -> Any:
    """The preset's plan; auto is what the engine would choose here."""
    from mf_backend.bench.settings import model_config
    from mf_backend.contracts.machine.devices import Device
    from mf_backend.engines.motionfollower.memory.presets import choose_preset, plan_of
    from mf_backend.sampler.options import SamplerOptions

    if args.memory != "auto" or setting.device.type == "meta":
        return plan_of("24" if args.memory == "auto" else args.memory)
    return choose_preset(
        "auto",
        Device(setting.device, setting.dtype),
        model_config(setting.model),
        SamplerOptions.default(moving_camera=setting.moving_camera),
        frames=setting.frames,
        size=setting.size,
    ).plan


def _speed(args: argparse.Namespace) -> int:
    from mf_backend.bench.speed import measure_speed

    setting = _setting(args)
    if setting.device.type == "meta":
        return _work(args, setting)
    result = measure_speed(
        setting, _plan(args, setting), args.repeats, say, args.clock, args.compile
    )
    print_result(args.json, result, speed_table(result))
    return ExitCode.DONE


def speed_table(result: dict[str, Any]) -> list[str]:
    """What `measure_speed` found as lines of a table, one a side."""
    kinds = list(result["steps_of_kind"])
    lines = [
        f"{'':10}"
        + "".join(f"{kind:>12}" for kind in kinds)
        + f"{'run':>12}{'ratio':>8}{'TFLOP':>10}{'of rate':>9}"
    ]
    for side, median in result["median_seconds"].items():
        ratio = result["ratio"].get(side, 1.0)
        times = "".join(
            f"{median[kind]:>10.3f} s" if kind in median else f"{'-':>12}" for kind in kinds
        )
        lines.append(
            f"{side:10}{times}{result['run_seconds'][side]:>10.1f} s{ratio:>8.3f}"
            f"{result['run_flop'][side] / 1e12:>10.4g}{result['share_of_matrix_rate'][side]:>9.1%}"
        )
    lines.append(f"a matrix product reaches {result['matrix_flop_per_second'] / 1e12:.4g} TFLOP/s")
    for side, share in result.get("least_exact_share", {}).items():
        lines.append(f"{side}: the least exact work known, at {share:.1%} of that rate")
    if "compile_seconds" in result:
        lines.append(f"compiling took {result['compile_seconds']:.0f} s, the first steps included")
    return lines


def _work(args: argparse.Namespace, setting: Any) -> int:
    """The arithmetic alone, where nothing can be timed."""
    from mf_backend.bench.arithmetic import LEAST_EXACT, count_work, is_reference_run

    result = {"setting": setting.facts(), **count_work(setting, _plan(args, setting), say)}
    whole = result["run_flop"]["baseline"]
    lines = [
        f"{side:10}{flop / 1e15:10.3f} PFLOP a run{flop / whole:8.3f} of the plain port's"
        for side, flop in result["run_flop"].items()
    ]
    if is_reference_run(setting):
        lines.append(f"{'least':10}{LEAST_EXACT / 1e15:10.3f} PFLOP, the least exact work known")
    print_result(args.json, result, lines)
    return ExitCode.DONE


def _memory(args: argparse.Namespace) -> int:
    if args.fit:
        return _fit(args)
    from mf_backend.bench.memory import measure_memory

    setting = _setting(args)
    result = measure_memory(
        setting,
        _plan(args, setting),
        released=args.sampler == "released",
        baseline=args.baseline,
    )
    result["memory"] = args.memory
    lines = [_memory_line("this sampler", result)]
    if "baseline" in result:
        lines.append(_memory_line("plain port", result["baseline"]))
    print_result(args.json, result, lines)
    return ExitCode.DONE


def _fit(args: argparse.Namespace) -> int:
    from mf_backend.bench.fit import fit_presets
    from mf_backend.contracts.files import write_json

    table = fit_presets(say)
    write_json(Path(args.fit), table)
    print_result(args.json, {"presets": table}, [f"Wrote {args.fit}"])
    return ExitCode.DONE


def _memory_line(name: str, result: dict[str, Any]) -> str:
    return (
        f"{name:14} peak {result['peak_bytes'] / _GIB:7.2f} GiB, of it weights "
        f"{result['weights_bytes'] / _GIB:5.2f}, saved for backward "
        f"{result['saved_for_backward_bytes'] / _GIB:6.2f}"
    )


_ACTIONS = {"parity": _parity, "speed": _speed, "memory": _memory}
