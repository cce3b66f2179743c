// SPDX-License-Identifier: GPL-3.0-or-later
//
// Job type "MotionFollower Takes" for Flamenco 3. Put this file into the folder `scripts` beside
// flamenco-manager and restart it. docs/farms.md says what the Manager and the Workers need besides:
// the variable `mfPython`, and the task type `motionfollower` on Workers with a graphics card.
"use strict";

const JOB_TYPE = {
    label: "MotionFollower Takes",
    description: "One take for each shot of a list, brought into a copy of the .blend at the end.",
    settings: [
        {
            key: "takes", type: "string", required: true, default: "1", visible: "submission",
            description: "Which shots, by their place in the list: 1-12 or 1,4. Without a list there is shot 1",
        },
        {
            key: "shots_file", type: "string", subtype: "file_path", required: false, default: "", visible: "submission",
            description: "List of shots (JSON) on shared storage. Empty: the shot that the panel is set to",
        },
        {
            key: "engine", type: "string", required: true, default: "as set in the file", visible: "submission",
            choices: ["as set in the file", "preview", "motionfollower"],
            description: "What paints the takes",
        },
        {
            key: "jobs_root", type: "string", subtype: "dir_path", required: true, default: "//flamenco", visible: "submission",
            description: "Folder on shared storage for the jobs and their results",
        },
        {
            key: "jobs_path", type: "string", subtype: "dir_path", required: true, editable: false,
            eval: "str(Path(abspath(settings.jobs_root), jobname, '{timestamp}'))",
            description: "Folder of this job's takes",
        },
        {
            key: "blendfile", type: "string", required: true, visible: "web",
            description: "The .blend with the rigs",
        },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    // A task for each take; the chunks are texts such as "4".
    const takes = frameChunker(settings.takes, 1);

    const prepare = author.Task("prepare", "blender");
    prepare.addCommand(inBlender(settings, ["prepare", ...shotArguments(settings), "--output", settings.jobs_path]));
    job.addTask(prepare);

    const bringIn = author.Task("bring-in", "blender");
    bringIn.addCommand(inBlender(settings, [
        "bring-in", settings.jobs_path, "--takes", settings.takes,
        "--save", path.join(settings.jobs_path, "takes.blend"),
    ]));

    for (const take of takes) {
        const task = author.Task(`take-${take}`, "motionfollower");
        task.addCommand(author.Command("exec", {
            exe: "{mfPython}",
            args: ["-m", "mf_backend", "run", path.join(settings.jobs_path, take)],
        }));
        task.addDependency(prepare);
        bringIn.addDependency(task);
        job.addTask(task);
    }
    job.addTask(bringIn);
}

function shotArguments(settings) {
    const list = settings.shots_file ? ["--list", settings.shots_file] : [];
    const engine = settings.engine === "as set in the file" ? [] : ["--engine", settings.engine];
    return [...list, "--takes", settings.takes, ...engine];
}

function inBlender(settings, words) {
    return author.Command("blender-render", {
        exe: "{blender}",
        exeArgs: "{blenderArgs}",
        argsBefore: [],
        blendfile: settings.blendfile,
        args: ["--command", "motionfollower", ...words],
    });
}
