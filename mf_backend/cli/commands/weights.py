"""`python -m mf_backend weights`: list, import, verify, fetch, tiny, from-run."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.options import add_actions, add_checked, add_path
from mf_backend.cli.output import print_result, say
from mf_backend.contracts.checks.paths import PathText
from mf_backend.contracts.checks.rules import SEED_LIMIT, Text, Whole
from mf_backend.contracts.errors import ExitCode, InputError
from mf_backend.contracts.request import START_STRENGTH
from mf_backend.weights import catalog
from mf_backend.weights.folder import estimators_folder, weights_folder
from mf_backend.weights.weight_set import is_set, lacking, open_set, verify


def add_parser(subparsers: Any) -> None:
    """Add the `weights` subcommand."""
    parser = subparsers.add_parser("weights", help=COMMANDS["weights"])
    action = add_actions(parser, "weights_action")

    def folder(sub: argparse.ArgumentParser, flag: str = "--weights") -> None:
        text = f"folder of the set ({weights_folder()})"
        add_checked(sub, flag, PathText(optional=True), default="", metavar="DIR", help=text)

    sub = action("list", "say what is needed, where it is published, and what is here")
    folder(sub)
    sub = action("import", "make one set of safetensors files from the published files")
    add_path(sub, "sources", nargs="+", metavar="FROM", help="files and folders as published")
    folder(sub, "--to")
    sub.add_argument("--dtype", choices=("float16", "bfloat16", "keep"), default="float16")
    sub.add_argument(
        "--no-released",
        action="store_true",
        help="leave out the second network that only `--sampler released` uses (2.6 GiB)",
    )
    sub.add_argument("--allow-unexpected", action="store_true", help="leave out unknown tensors")
    sub.add_argument("--replace", action="store_true", help="replace the set that is there")
    add_path(sub, "--config", metavar="FILE", help="model.json, for networks of another size")
    sub = action("verify", "compare the set with its recorded hashes")
    folder(sub)
    sub = action("fetch", "fetch the base models from the model hub, after asking")
    add_path(sub, "--to", required=True, metavar="DIR", help="folder for the downloads")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub.add_argument("--sizes", action="store_true", help="only say how large they are")
    sub = action("from-run", "make a set of what a training run has learnt so far")
    add_path(sub, "run", metavar="RUN", help="folder of the run, which may go on meanwhile")
    folder(sub, "--to")
    add_checked(sub, "--note", Text(4000, 1), default="", metavar="TEXT", help="kept with the set")
    add_checked(
        sub,
        "--start-strength",
        START_STRENGTH,
        default=1.0,
        metavar="N",
        help="how much noise the engine puts on the preview's pictures, from which it starts, "
        "where a job does not say; 1 starts from noise alone (default)",
    )
    add_path(
        sub, "--decoder", metavar="SET", help="take the decoder of another set, see training.md"
    )
    sub.add_argument("--replace", action="store_true", help="replace the set that is there")
    sub = action("tiny", "make a tiny random set that runs everywhere and paints noise")
    folder(sub, "--to")
    add_checked(sub, "--seed", Whole(0, SEED_LIMIT), default=0, metavar="N", help="of the noise")
    sub.add_argument("--replace", action="store_true", help="replace the set that is there")


def run(args: argparse.Namespace) -> int:
    """Carry out one `weights` action; returns the exit code, raises MFError."""
    return int(_ACTIONS[args.weights_action](args))


def _list(args: argparse.Namespace) -> int:
    folder = weights_folder(args.weights)
    absent = lacking(folder)
    absent_released = lacking(folder, released=True)
    found = open_set(folder) if is_set(folder) else None
    value = {
        "folder": str(folder),
        "complete": not absent,
        "complete_for_released": not absent_released,
        "missing": absent_released,
        "kind": found.kind if found else None,
        "files": {k: {"sha256": v.sha256, "bytes": v.bytes} for k, v in found.files.items()}
        if found
        else {},
        "needed": [
            {"name": x.name, "holds": x.holds, "where": x.where, "url": x.url}
            for x in catalog.MOTIONFOLLOWER
        ],
        "optional": [
            {
                "name": x.name,
                "holds": x.holds,
                "where": x.where,
                "licence": x.licence,
                "present": x.present,
            }
            | ({} if x.bytes is None else {"bytes": x.bytes})
            for x in catalog.OPTIONAL
        ],
        "estimators_folder": str(estimators_folder()),
    }
    lines = ["The diffusion engine needs:"]
    lines += [f"  {x.name}: {x.holds}; from {x.where} ({x.url})" for x in catalog.MOTIONFOLLOWER]
    if found:
        lines.append(f"Imported in {folder} ({found.kind}, {found.dtype}):")
        lines += [f"  {k}: {v.bytes / 2**20:.1f} MiB" for k, v in found.files.items()]
    if absent:
        lines.append(f"Missing from {folder}: {', '.join(absent)}")
        lines.append(catalog.IMPORT_HINT)
    elif absent_released:
        lines.append("Complete, except for --sampler released.")
    else:
        lines.append("Complete.")
    lines.append(f"Optional, looked for in {estimators_folder()}:")
    lines += [
        f"  {x.name} ({', '.join(_facts(x))}): {x.holds}; from {x.where}" for x in catalog.OPTIONAL
    ]
    print_result(args.json, value, lines)
    return ExitCode.DONE


def _facts(item: catalog.OptionalFile) -> list[str]:
    """Whether it is here, its licence, and its size where that is known."""
    size = [] if item.bytes is None else [f"{item.bytes / 2**20:.0f} MiB"]
    return ["present" if item.present else "absent", item.licence, *size]


def _import(args: argparse.Namespace) -> int:
    from mf_backend.models.config import ModelConfig
    from mf_backend.weights.importing.import_set import ImportOptions, import_set
    from mf_backend.weights.importing.sources import find_sources

    config = ModelConfig.from_file(args.config) if args.config else None
    options = ImportOptions(
        dtype=args.dtype,
        released=not args.no_released,
        allow_unexpected=args.allow_unexpected,
        replace=args.replace,
        config=config,
    )
    sources = find_sources(args.sources)
    folder = weights_folder(args.to).absolute()
    done = import_set(sources, folder, options, say)
    value = {
        "folder": str(folder),
        "changed": done.changed,
        "files": {k: {"sha256": v.sha256, "bytes": v.bytes} for k, v in done.weights.files.items()},
        "sources": {k: v.sha256 for k, v in done.weights.sources.items()},
    }
    text = "Imported to" if done.changed else "Already imported, nothing changed:"
    print_result(args.json, value, [f"{text} {folder}"])
    return ExitCode.DONE


def _verify(args: argparse.Namespace) -> int:
    folder = weights_folder(args.weights)
    states = verify(folder)
    wrong = [name for name, state in states.items() if state != "ok"]
    lines = [f"{state:8}{name}" for name, state in states.items()]
    print_result(args.json, {"folder": str(folder), "ok": not wrong, "files": states}, lines)
    if wrong:
        say(f"{', '.join(wrong)} in {folder} changed or went missing. Import the weights again.")
    return ExitCode.MISSING if wrong else ExitCode.DONE


def _fetch(args: argparse.Namespace) -> int:
    from mf_backend.weights.fetch import fetch, plan_downloads

    target = args.to.absolute()
    downloads = plan_downloads()
    for item in downloads:
        say(f"{item.item.where}: {item.bytes / 2**30:.2f} GiB ({item.item.holds})")
    if args.sizes:
        told = [
            {"name": x.item.name, "where": x.item.where, "holds": x.item.holds, "bytes": x.bytes}
            for x in downloads
        ]
        total = sum(x.bytes for x in downloads)
        lines = [f"Together {total / 2**30:.2f} GiB; nothing was fetched."]
        print_result(args.json, {"downloads": told, "bytes": total}, lines)
        return ExitCode.DONE
    if not args.yes:
        if not sys.stdin.isatty():
            raise InputError(
                "fetch-not-confirmed",
                "Nothing was fetched: there is nobody to ask.",
                "Add --yes to fetch without asking.",
            )
        say(f"Fetch these to {target}? [y/N] ")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            say("Nothing was fetched.")
            return ExitCode.CANCELLED
    folders = [str(fetch(item.item, target)) for item in downloads]
    print_result(args.json, {"folders": folders}, [f"Fetched {x}" for x in folders])
    return ExitCode.DONE


def _from_run(args: argparse.Namespace) -> int:
    from mf_backend.training.written import take_from_run

    folder = weights_folder(args.to).absolute()
    notes = {"note": args.note} if args.note else {}
    made = take_from_run(
        args.run,
        folder,
        notes,
        start_strength=args.start_strength,
        decoder=args.decoder,
        replace_set=args.replace,
    )
    size = sum(record.bytes for record in made.files.values())
    value = {"folder": str(folder), "bytes": size, "notes": made.notes}
    at = made.notes["stands at"]
    print_result(args.json, value, [f"The weights ({at}) are in {folder}: {size / 1e6:.1f} MB."])
    return ExitCode.DONE


def _tiny(args: argparse.Namespace) -> int:
    from mf_backend.weights.tiny import make_tiny_set

    folder = weights_folder(args.to).absolute()
    made = make_tiny_set(folder, args.seed, args.replace)
    value = {"folder": str(folder), "files": {k: v.sha256 for k, v in made.files.items()}}
    print_result(args.json, value, [f"A tiny random set is in {folder}; it paints noise."])
    return ExitCode.DONE


_ACTIONS = {
    "list": _list,
    "import": _import,
    "verify": _verify,
    "fetch": _fetch,
    "tiny": _tiny,
    "from-run": _from_run,
}
