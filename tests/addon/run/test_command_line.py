"""The command line, called as Blender calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import pytest

from motionfollower_addon.core.job.shot import Shot, make_shot, read_shots
from tests.addon.scenes import add_action, every_strip


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of one command."""
    from motionfollower_addon.command_line import main

    capfd.readouterr()
    code = main(list(arguments))
    out, err = capfd.readouterr()
    return code, out, err


def test_help_and_wrong_usage(registered: Any, capfd: Any) -> None:
    assert run(capfd, "--help")[0] == 0
    assert run(capfd, "render", "--help")[0] == 0
    assert run(capfd)[0] == 2
    assert run(capfd, "render", "--bogus")[0] == 2


def test_render_saves_a_file_that_plays_the_take(scene: Any, odd_path: Path, capfd: Any) -> None:
    target = odd_path / "result.blend"
    code, out, _ = run(capfd, "render", "--save", str(target))
    assert code == 0, out
    bpy.ops.wm.open_mainfile(filepath=str(target))
    takes = [strip for strip in every_strip(bpy.context.scene) if strip.get("motionfollower_job")]
    assert len(takes) == 1
    folder = Path(bpy.path.abspath(takes[0].directory))
    assert (folder / takes[0].elements[0].filename).is_file()


@pytest.mark.once("a list is worked off outside of Blender's own; one shot is rendered in all")
def test_a_failed_shot_does_not_stop_the_others(
    scene: Any, odd_path: Path, capfd: Any, monkeypatch: Any
) -> None:
    add_action(bpy.data.objects["Rig"], "Second", 6, lift=0.5)
    shots = [
        {"name": "öne", "action": "Wäve"},
        {"name": "twö", "action": "nothing"},
        {"name": "thrëe", "action": "Second", "alignment": "matched", "seed": 7},
    ]
    (odd_path / "shots.json").write_text(json.dumps(shots), encoding="utf-8")
    monkeypatch.chdir(odd_path)

    code, out, _ = run(capfd, "render", "--list", "shots.json", "--output", "jöbs")

    assert code == 2
    assert "2 of 3 shots are done." in out
    assert "There is no action named 'nothing'" in out
    folders = sorted(path.name for path in (odd_path / "jöbs").iterdir())
    assert folders == ["thrëe-001", "öne-001"]
    request = json.loads((odd_path / "jöbs/thrëe-001/job.json").read_text(encoding="utf-8"))
    assert request["settings"]["seed"] == 7
    assert request["settings"]["alignment"] == "matched"


def test_skeletons_needs_no_engine_and_makes_no_job(scene: Any, odd_path: Path, capfd: Any) -> None:
    code, out, _ = run(capfd, "skeletons", "--action", "Wäve", "--output", str(odd_path / "sk"))
    assert code == 0, out
    (folder,) = (odd_path / "sk").iterdir()
    assert len(list((folder / "inputs/target_poses").glob("*.png"))) == 6
    assert not (folder / "job.json").exists()
    assert "6 frames" in out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "not valid JSON"),
        ("[]", "lists no shots"),
        ("{}", "must hold a list of shots"),
        ('[{"clipp": "x"}]', "'clipp' is not known"),
        ('[{"fps": "fast"}]', "fps is 'fast'"),
        ('[{"retime": "never"}]', "one of trim"),
        ('[{"seed": "x"}]', "seed must be a whole number from 0"),
        ('[{"alignment": "bent"}]', "alignment must be one of fit, matched, released, not 'bent'"),
        ('[{"range": [1]}]', "two frame numbers"),
    ],
)
def test_lists_of_shots_are_checked(odd_path: Path, text: str, words: str) -> None:
    path = odd_path / "shots.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Exception, match=words) as caught:
        read_shots(path, Shot())
    assert caught.value.exit_code == 2  # type: ignore[attr-defined]


def test_paths_in_a_list_start_at_the_list(odd_path: Path) -> None:
    path = odd_path / "shots.json"
    path.write_text('{"defaults": {"seed": 3}, "shots": [{"clip": "a b.mp4"}]}', encoding="utf-8")
    (shot,) = read_shots(path, make_shot({"seed": 1, "armature": "Rig"}, "here"))
    assert shot.clip == str(odd_path / "a b.mp4")
    assert (shot.settings.seed, shot.armature) == (3, "Rig")


def test_the_settings_of_the_panel_are_options_too(scene: Any) -> None:
    """Each reaches the shot; wrong values get a sentence that names the option."""
    from motionfollower_addon.command_line import main, parser
    from motionfollower_addon.commands.shot_options import shots_of

    given = ["render", "--widen-mask", "3.5", "--person", "2,40,60.5", "--moving-camera"]
    given += ["--start-strength", "0.4", "--solver", "unipc"]
    (shot,) = shots_of(parser().parse_args([*given, "--guidance", "1.5"]))
    assert shot.settings.widen_mask == 3.5
    assert shot.settings.person == (2.0, 40.0, 60.5)
    assert shot.settings.moving_camera and shot.settings.guidance == 1.5
    assert shot.settings.start_strength == 0.4 and shot.settings.solver == "unipc"
    (clicked,) = shots_of(parser().parse_args(["analyse", "--click", "7,3,4", "--click", "2,5,6"]))
    assert clicked.settings.clicks == ((2.0, 5.0, 6.0), (7.0, 3.0, 4.0))
    (untouched,) = shots_of(parser().parse_args(["render"]))
    assert untouched.settings.widen_mask == 2.0
    wrong = {"--widen-mask": "33", "--person": "1.5,2,3", "--click": "1,2", "--guidance": "nan"}
    for option, value in {**wrong, "--start-strength": "1.5"}.items():
        assert main(["render", option, value]) == 2
