/** A person's evening at a computer whose power will go, in a process of its own that is recorded. */
import { appendFileSync } from 'node:fs';
import { Person } from './person.ts';

const [profile = '', promises = '', act = '', path = ''] = process.argv.slice(2);
const person = await Person.at(profile, (promised) => appendFileSync(promises, `${promised}\n`));
await person.unlock();
if (act === 'begin') await person.plan(path);
if (act === 'begin' || act === 'backup') await person.backup();
if (act === 'restore') await person.restore(path);
await person.close();
process.disconnect();
