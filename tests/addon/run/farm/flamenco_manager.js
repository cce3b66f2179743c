// Stands where Flamenco's Manager compiles a job: what a job type's script may call, and the tasks
// that it made, as JSON. Usage: node flamenco_manager.js SCRIPT '{"name": ..., "settings": ...}'
"use strict";
const fs = require("fs");
const vm = require("vm");

const [script, given] = process.argv.slice(2);
const tasks = [];

class Task {
    constructor(name, type) {
        Object.assign(this, { name, type, commands: [], needs: [] });
    }
    addCommand(command) {
        this.commands.push(command);
    }
    addDependency(task) {
        if (!(task instanceof Task)) throw new Error(`${this.name} depends on what is no task`);
        this.needs.push(task.name);
    }
}

const context = vm.createContext({
    author: {
        Task: (name, type) => new Task(name, type),
        Command: (name, parameters) => ({ name, parameters }),
    },
    path: { join: (...parts) => parts.join("/") },
    frameChunker: (range, size) => {
        const numbers = range.split(",").flatMap((part) => {
            const [first, last = first] = part.split("-").map(Number);
            return Array.from({ length: last - first + 1 }, (_, index) => first + index);
        });
        const chunks = [];
        while (numbers.length) chunks.push(numbers.splice(0, size).join(","));
        return chunks;
    },
});
vm.runInContext(fs.readFileSync(script, "utf8"), context, { filename: script });
context.job = { ...JSON.parse(given), addTask: (task) => tasks.push(task) };
const type = vm.runInContext("compileJob(job); JOB_TYPE", context);
process.stdout.write(JSON.stringify({ type, tasks }));
