// Executes the criteria with cql-execution over flat facts. Questions come in and answers go out as lines of JSON.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import cql from "cql-execution";

const packageFile = new URL("./node_modules/cql-execution/package.json", import.meta.url);
let executor, names, patients;

// A patient whose own properties are the flat facts: the shortest way there is for the engine to read them.
class FlatPatient {
  constructor(facts, id) {
    Object.assign(this, facts);
    this.id = id;
  }

  getId() {
    return this.id;
  }

  findRecords() {
    return [this];
  }
}

class Patients {
  constructor(all) {
    this.all = all;
    this.at = 0;
  }

  currentPatient() {
    return this.all[this.at];
  }

  nextPatient() {
    this.at += 1;
    return this.all[this.at];
  }
}

async function answer(question) {
  if (question.library) {
    names = question.names;
    executor = new cql.Executor(new cql.Library(question.library));
    return { node: process.versions.node, "cql-execution": JSON.parse(readFileSync(packageFile)).version };
  }
  if (question.subjects) {
    patients = question.subjects.map((facts, index) => new FlatPatient(facts, String(index)));
    return { subjects: patients.length };
  }
  const start = process.cpuUsage();
  const { patientResults } = await executor.exec(new Patients(patients));
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  const conditions = patients.map(({ id }) => names.map((name) => patientResults[id][name] ?? null));
  return { seconds, conditions };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
