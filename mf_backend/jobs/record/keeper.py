"""Which stages of a job need not be done again, and the records that say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.errors import MFError
from mf_backend.contracts.files import hash_value
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import StageRecord
from mf_backend.jobs.record.codes import CHANGED, RECORD_DAMAGED
from mf_backend.jobs.record.kept_aside import keep_aside
from mf_backend.jobs.record.stage_record import (
    DamagedRecordError,
    StageFiles,
    read_record,
    record_path,
    write_record,
)

if TYPE_CHECKING:
    from mf_backend.jobs.record.job_stage import JobStage

Warn = Callable[[str, str], None]


class StageKeeper:
    """The stages of one run and what earlier runs recorded of them.

    `keys` holds for each stage the hash of all that it depends on, `former` what state.json says:
    it counts for jobs that were made before there were records, whose results count if they open.
    `check` raises CancelledError where the person cancelled.
    """

    def __init__(
        self,
        job: JobFolder,
        stages: list[JobStage],
        keys: Mapping[str, str],
        count: int,
        former: Mapping[str, StageRecord],
        warn: Warn,
        check: Callable[[], None],
    ) -> None:
        self._job = job
        self._stages = stages
        self._keys = keys
        self._count = count
        self._former = former
        self._warn = warn
        self._check = check
        self._records: dict[str, StageFiles] = {}
        self._damaged: set[str] = set()
        self._unchanged: set[str] = set()
        self._made: list[JobStage] = []
        for stage in stages:
            self._read(stage.name)

    @property
    def made(self) -> bool:
        """Whether this run made anything."""
        return bool(self._made)

    def look(self, stage: JobStage) -> bool:
        """Whether the stage's results are there as they were made; says where they are not.

        They count only if earlier results are then also the same; see `kept`.
        """
        record = self._records.get(stage.name)
        if record is None:
            unchanged = self._same_before_records(stage) and stage.opens()
        else:
            unchanged = record.finished and record.key == self._keys[stage.name]
            if unchanged and (wrong := self._wrong(record)):
                unchanged = False
                if stage.frames is None:
                    self._tell(stage, wrong)
        if unchanged:
            self._unchanged.add(stage.name)
        return unchanged

    def kept(self, stage: JobStage) -> bool:
        """Whether the stage need not be done, now that its turn has come."""
        if stage.name not in self._unchanged:
            return False
        record = self._records.get(stage.name)
        if record is None:
            # Nobody knows what it was made from, so nothing before it may have been made anew.
            if self._made:
                return False
            record = self._record(stage, self._begun(stage))
        if record.earlier != self._earlier(stage):
            return False
        if stage.frames is not None:
            stage.frames.know(record.made_from, record.files)
        return True

    def made_from(self, stage: JobStage) -> str:
        """Hash of what a stage is made from, once all before it are kept; writes nothing."""
        return self._begun(stage).made_from

    def recorded(self, stage: JobStage) -> bool:
        """Whether the stage's results are there and on record, and earlier ones the same."""
        return stage.name in self._records and self.look(stage) and self.kept(stage)

    def begin(self, stage: JobStage) -> str:
        """Clear away what was made from other things; returns the hash of what it is made from."""
        former = self._records.get(stage.name)
        begun = self._begun(stage)
        if stage.frames is not None:
            if former is not None:
                same = former.made_from == begun.made_from
                stage.frames.know(former.made_from, former.files)
            else:
                same = self._same_before_records(stage, finished=False) and not self._made
                if stage.name in self._former:
                    stage.frames.adopt(begun.made_from if same else "")
            if not same and (former is not None or stage.name in self._former):
                stage.frames.drop_work()
        elif former is not None:
            self._clear(former, set(begun.files))
        self._write(stage.name, begun)
        self._made.append(stage)
        return begun.made_from

    def finish(self, stage: JobStage) -> None:
        """Record what the stage left. Raises MFError where something is missing."""
        begun = self._records[stage.name]
        # Frames were noted, and looked at when the last was made; they are not read again.
        known = stage.frames.marks(begun.made_from) if stage.frames is not None else None
        self._record(stage, begun, known)

    def forget(self, everything: bool) -> None:
        """Let what this run made, or only its last stage, count for nothing: it is of two clips."""
        for stage in self._made if everything else self._made[-1:]:
            record = self._records[stage.name]
            if stage.frames is not None:
                stage.frames.forget(record.made_from)
            files: dict[str, FileMark | None] = dict.fromkeys(record.files)
            self._write(stage.name, StageFiles("", "", files))

    def clear_longer(self, count: int) -> None:
        """Delete what a job without records left for `count` frames and no longer needs."""
        for stage in self._stages:
            if stage.frames is not None or stage.name in self._records:
                continue
            former = {*stage.files(count), *stage.beside(count)}
            for name in former - {*stage.files(self._count), *stage.beside(self._count)}:
                (self._job.path / name).unlink(missing_ok=True)

    def _read(self, name: str) -> None:
        try:
            record = read_record(record_path(self._job, name))
        except DamagedRecordError:
            self._damaged.add(name)
            self._warn(
                RECORD_DAMAGED,
                f"The record of what the stage {name!r} made was damaged; the stage is done again.",
            )
            return
        if record is not None:
            self._records[name] = record

    def _same_before_records(self, stage: JobStage, finished: bool = True) -> bool:
        former = self._former.get(stage.name)
        if former is None or stage.name in self._damaged:
            return False
        return former.hash == self._keys[stage.name] and (former.finished or not finished)

    def _earlier(self, stage: JobStage) -> str:
        """Hash over the results of all stages before this one."""
        names = [s.name for s in self._stages[: self._stages.index(stage)]]
        return hash_value([self._records[name].digest for name in names])

    def _begun(self, stage: JobStage) -> StageFiles:
        names = (*stage.files(self._count), *stage.beside(self._count))
        files: dict[str, FileMark | None] = dict.fromkeys(names)
        return StageFiles(self._keys[stage.name], self._earlier(stage), files)

    def _record(
        self, stage: JobStage, begun: StageFiles, known: Mapping[str, FileMark] | None = None
    ) -> StageFiles:
        files: dict[str, FileMark | None] = {}
        for name in begun.files:
            self._check()
            files[name] = FileMark.of(self._job.path / name) if known is None else known.get(name)
        for name in stage.beside(self._count):
            if files[name] is None:
                del files[name]
        missing = [name for name, mark in files.items() if mark is None]
        if missing:
            raise MFError(
                "stage-incomplete",
                f"The stage {stage.name!r} ended, but {_list(missing)} cannot be read.",
                "Start the job again; the stage is done anew.",
            )
        record = StageFiles(begun.key, begun.earlier, files, finished=True)
        self._write(stage.name, record)
        return record

    def _write(self, name: str, record: StageFiles) -> None:
        write_record(record_path(self._job, name), record)
        self._records[name] = record

    def _wrong(self, record: StageFiles) -> list[str]:
        """Files that are not as the record says."""
        wrong = []
        for name, mark in record.files.items():
            # Long clips have much to read; a person who cancels does not wait for it.
            self._check()
            if mark is None or not mark.fits(self._job.path / name):
                wrong.append(name)
        return wrong

    def _tell(self, stage: JobStage, wrong: list[str]) -> None:
        self._warn(
            CHANGED,
            f"{_list(wrong)} changed or went missing since the stage {stage.name!r} made "
            f"{'it' if len(wrong) == 1 else 'them'}; the stage is done again.",
        )

    def _clear(self, former: StageFiles, needed: set[str]) -> None:
        """Delete former results that are no longer made; keep aside what somebody changed."""
        kept = []
        for name, mark in former.files.items():
            path = self._job.path / name
            if mark is not None and path.is_file() and not mark.fits(path):
                kept.append(keep_aside(self._job, path))
            if name not in needed:
                path.unlink(missing_ok=True)
        moved = [name for name in kept if name]
        if moved:
            self._warn(CHANGED, f"What was changed by hand is now {_list(moved)}.")


def _list(names: list[str]) -> str:
    more = len(names) - 1
    return names[0] + (f" and {more} more file{'s' if more > 1 else ''}" if more else "")
