"""The import from published files: whole or not at all, everything accounted for."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
import torch

from mf_backend.contracts.errors import InputError, MFError, MissingComponentError
from mf_backend.contracts.files import hash_file
from mf_backend.models.config import ModelConfig
from mf_backend.models.model_set import ModelSet
from mf_backend.weights.importing.import_set import Imported, ImportOptions, import_set
from mf_backend.weights.importing.sources import find_sources
from mf_backend.weights.loading import load_models
from mf_backend.weights.weight_set import lacking, open_set, verify


def run(downloads: Path, folder: Path, **changes: object) -> Imported:
    config = ModelConfig.from_folder(downloads)
    options = dataclasses.replace(ImportOptions(config=config, dtype="keep"), **changes)
    return import_set(find_sources([downloads]), folder, options)


def snapshot(folder: Path) -> dict[str, tuple[str, int]]:
    return {x.name: (hash_file(x), x.stat().st_mtime_ns) for x in folder.iterdir()}


def change(path: Path, edit: object) -> None:
    """Apply an edit to a published torch file."""
    tensors = torch.load(path, weights_only=True)
    edit(tensors)
    torch.save(tensors, path)


def test_every_tensor_arrives(downloads: Path, odd_path: Path, tiny_models: ModelSet) -> None:
    folder = odd_path / "set ä"
    assert run(downloads, folder).changed
    assert lacking(folder, released=True) == []
    loaded = load_models(folder, estimator=True)
    for name in ("unet", "pose_controller", "vae", "image_encoder"):
        wanted = tiny_models.named()[name].state_dict()
        got = loaded.named()[name].state_dict()
        assert got.keys() == wanted.keys()
        assert all(torch.equal(got[key], wanted[key]) for key in wanted), name
    estimator = loaded.named()["estimator"].state_dict()
    base = tiny_models.named()["estimator"].state_dict()
    denoiser = tiny_models.unet.state_dict()
    for key, tensor in estimator.items():
        if ".motion_modules." in key:
            assert torch.equal(tensor, denoiser[key]), key
        elif not key.startswith("appearance_adapter."):
            assert torch.equal(tensor, base[key]), key


def test_loaded_networks_are_whole(downloads: Path, odd_path: Path) -> None:
    run(downloads, odd_path / "set")
    loaded = load_models(odd_path / "set")
    for network in loaded.named().values():
        assert not any(x.is_meta for x in [*network.parameters(), *network.buffers()])
        assert not any(x.requires_grad for x in network.parameters())
    pictures = torch.rand(2, 3, 224, 224)
    assert torch.isfinite(loaded.image_encoder(pictures).image_embeds).all()


def test_parked_networks_hold_the_same(downloads: Path, odd_path: Path) -> None:
    """In another number format than the file's, converted tensor by tensor."""
    run(downloads, odd_path / "set")
    plain, parked = (
        load_models(odd_path / "set", dtype=torch.float16, estimator=True, parked=away).named()
        for away in (False, True)
    )
    for name, network in plain.items():
        other = parked[name].state_dict()
        for key, tensor in network.state_dict().items():
            assert torch.equal(tensor, other[key]), (name, key)
            assert tensor.dtype == torch.float16 or not tensor.is_floating_point()


def test_untrained_adapter_is_the_same_every_time(downloads: Path, odd_path: Path) -> None:
    first = run(downloads, odd_path / "one").weights
    torch.rand(7)
    second = run(downloads, odd_path / "two").weights
    assert first.files["estimator.safetensors"] == second.files["estimator.safetensors"]


def test_second_import_changes_nothing(downloads: Path, odd_path: Path) -> None:
    folder = odd_path / "set"
    run(downloads, folder)
    before = snapshot(folder)
    assert not run(downloads, folder).changed
    assert snapshot(folder) == before


def test_damaged_set_is_not_taken_for_done(downloads: Path, odd_path: Path) -> None:
    folder = odd_path / "set"
    run(downloads, folder)
    with (folder / "vae.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")
    assert verify(folder)["vae.safetensors"] == "changed"
    with pytest.raises(InputError, match="already holds"):
        run(downloads, folder)
    assert run(downloads, folder, replace=True).changed
    assert set(verify(folder).values()) == {"ok"}


def test_float16_by_default(downloads: Path, odd_path: Path, tiny_models: ModelSet) -> None:
    run(downloads, odd_path / "set", dtype="float16")
    loaded = load_models(odd_path / "set")
    wanted = tiny_models.unet.conv_in.weight.half().float()
    assert torch.equal(loaded.unet.conv_in.weight, wanted)
    assert open_set(odd_path / "set").dtype == "float16"


def test_all_that_is_wrong_is_named(downloads: Path, odd_path: Path) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        del tensors["conv_in.bias"]
        tensors["blocks.0.weight"] = torch.zeros(3, 3)
        tensors["blocks.9.weight"] = torch.zeros(1)

    change(downloads / "poctr.pth", spoil)

    def cut(tensors: dict[str, torch.Tensor]) -> None:
        del tensors["appearance_adapter.conv_in.weight"]

    change(downloads / "denoising_unet.pth", cut)
    with pytest.raises(InputError) as caught:
        run(downloads, odd_path / "set")
    text = caught.value.message
    for part in (
        "pose_controller/conv_in.bias",
        "pose_controller/blocks.0.weight [3, 3] for [8, 8, 3, 3]",
        "pose_controller/blocks.9.weight",
        "unet/appearance_adapter.conv_in.weight",
    ):
        assert part in text
    assert not (odd_path / "set").exists()


def test_unexpected_tensors_can_be_left_out(downloads: Path, odd_path: Path) -> None:
    change(downloads / "poctr.pth", lambda x: x.update(more=torch.zeros(1)))
    with pytest.raises(InputError, match="--allow-unexpected"):
        run(downloads, odd_path / "set")
    assert run(downloads, odd_path / "set", allow_unexpected=True).changed


def test_values_that_are_not_finite_are_named(downloads: Path, odd_path: Path) -> None:
    def poison(tensors: dict[str, torch.Tensor]) -> None:
        tensors["conv_out.weight"][0] = float("nan")

    change(downloads / "denoising_unet.pth", poison)
    with pytest.raises(InputError, match=r"not finite: unet/conv_out\.weight"):
        run(downloads, odd_path / "set")


class Payload:
    """Unpickling this runs code: it makes a file."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.witness,))


def test_pickle_with_code_is_refused_and_not_run(downloads: Path, odd_path: Path) -> None:
    witness = odd_path / "the code ran"
    torch.save({"conv_in.weight": Payload(witness)}, downloads / "poctr.pth")
    with pytest.raises(InputError) as caught:
        run(downloads, odd_path / "set")
    assert caught.value.code == "weights-unsafe"
    assert not witness.exists()
    assert not (odd_path / "set").exists()
    # The same file does run it when loaded carelessly, so the test can fail.
    torch.load(downloads / "poctr.pth", weights_only=False)
    assert witness.exists()


@pytest.mark.parametrize("kind", ["truncated", "text", "empty", "list"])
def test_damaged_files_are_named(downloads: Path, odd_path: Path, kind: str) -> None:
    path = downloads / "motion_module.pth"
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:-3000])
    elif kind == "list":
        torch.save([torch.zeros(1)], path)
    else:
        path.write_bytes(b"not tensors at all" if kind == "text" else b"")
    with pytest.raises(InputError, match=r"motion_module\.pth"):
        run(downloads, odd_path / "set")
    assert not (odd_path / "set").exists()


def test_missing_files_are_all_named(downloads: Path, odd_path: Path) -> None:
    (downloads / "poctr.pth").unlink()
    (downloads / "sd-vae-ft-mse" / "config.json").unlink()
    with pytest.raises(MissingComponentError) as caught:
        find_sources([downloads])
    assert "poctr.pth" in caught.value.message
    assert "stabilityai/sd-vae-ft-mse" in caught.value.message


def test_folder_with_other_files_is_left_alone(downloads: Path, odd_path: Path) -> None:
    folder = odd_path / "mine"
    folder.mkdir()
    (folder / "holiday.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(InputError, match="holds other files"):
        run(downloads, folder, replace=True)
    assert [x.name for x in folder.iterdir()] == ["holiday.txt"]


def test_failed_write_leaves_nothing(
    downloads: Path, odd_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    folder = odd_path / "set"
    run(downloads, folder)
    before = snapshot(folder)
    change(downloads / "poctr.pth", lambda x: x["conv_in.bias"].add_(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(MFError) as caught:
            run(downloads, folder, replace=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert int(caught.value.exit_code) == 6
    assert snapshot(folder) == before
    assert {x.name for x in odd_path.iterdir()} == {"dówn loads", "set"}


def test_non_finite_weights_stop_the_load(downloads: Path, odd_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = odd_path / "set"
    run(downloads, folder)
    tensors = load_file(folder / "vae.safetensors")
    tensors["decoder.conv_out.bias"][0] = float("inf")
    save_file(tensors, folder / "vae.safetensors")
    with pytest.raises(InputError, match=r"decoder\.conv_out\.bias"):
        load_models(folder)
