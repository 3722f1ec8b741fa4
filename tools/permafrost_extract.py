#!/usr/bin/env python3
"""Gets files back from a folder of raw Permafrost archives, without Permafrost.

    permafrost_extract.py ARCHIVES --list
    permafrost_extract.py ARCHIVES --to DIR [--snapshot ID] [--passphrase-file F | --kit F | --code CODE]

ARCHIVES holds the archives as they were downloaded, under whatever names, also in folders below it. Key slots and packs
are told apart by what is in them. By default the newest snapshot of every plan is written below DIR, each source folder
under its full path; --list shows the snapshots there are.

Written from docs/format.md alone ("§" below means that page). Needs Python 3.9 and the package `cryptography`. A passphrase
needs Argon2id: `cryptography` from version 44 has it, else the package `argon2-cffi`; a recovery code needs neither.
zstd comes from Python 3.14 itself, else from the package `zstandard`, else from the program `zstd`.

Everything is checked on the way: commitments, tags, lengths, chunk ids, whole-file hashes. What fails is said and left out;
the exit code is then 3. It never writes over anything: DIR must be new or empty.
"""
import argparse
import base64
import getpass
import hashlib
import hmac
import json
import os
import re
import struct
import subprocess
import sys
import unicodedata
import zlib
from collections import OrderedDict

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MIB = 1 << 20
HEADER = 128
TAG = 16
TRAILER = 64
MAGIC = b"PFPACK\r\n"
TAIL_MAGIC = b"PFTAIL\r\n"
KINDS = {1: "data", 2: "manifest", 3: "catalog"}
BLOCK = 4096


class Bad(Exception):
    """An archive, a record or a file is not what the format says it is."""


def need(condition, why):
    if not condition:
        raise Bad(why)


def hkdf(key, salt, info, length):
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt or None, info=info).derive(key)


def unseal(key, nonce, sealed, associated):
    """The plaintext, or None where key, nonce, associated data and ciphertext do not belong together."""
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except InvalidTag:
        return None


# --- §2: keys ---------------------------------------------------------------------------------------------------------


def argon2id(secret, salt, memory_kib, passes, lanes):
    try:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory_kib)
        return kdf.derive(secret)
    except ImportError:
        pass
    try:
        from argon2.low_level import Type, hash_secret_raw
    except ImportError:
        sys.exit("A passphrase needs Argon2id: install cryptography 44 or newer, or argon2-cffi.")
    return hash_secret_raw(secret, salt, passes, memory_kib, lanes, 32, Type.ID, 0x13)


def read_code(text):
    """The 32 bytes of a recovery code, or None."""
    letters = re.sub(r"[\s-]", "", text).upper().replace("I", "1").replace("L", "1").replace("O", "0")
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    if len(letters) != 56 or any(letter not in alphabet for letter in letters):
        return None
    number = 0
    for letter in letters:
        number = number << 5 | alphabet.index(letter)
    both = number.to_bytes(35, "big")
    code, check = both[:32], both[32:]
    return code if hashlib.sha256(b"permafrost/code/v1" + code).digest()[:3] == check else None


def read_kit(text):
    """The code and the slots of a saved kit."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    slots, code = [], None
    for i, line in enumerate(lines):
        if line.startswith("Key slot:"):
            spelled = line[len("Key slot:") :].strip()
            raw = base64.urlsafe_b64decode(spelled + "=" * (-len(spelled) % 4))
            need(len(raw) == 96, "a key slot of the kit has the wrong length")
            slots.append(
                {
                    "id": raw[4:20].hex(),
                    "kind": "code",
                    "kdf": "hkdf",
                    "epoch": struct.unpack_from("<I", raw)[0],
                    "salt": base64.b64encode(raw[20:36]).decode(),
                    "nonce": base64.b64encode(raw[36:48]).decode(),
                    "sealed": base64.b64encode(raw[48:]).decode(),
                }
            )
        for candidate in (line, line + (lines[i + 1] if i + 1 < len(lines) else "")):
            code = code or read_code(candidate.replace("Recovery code:", ""))
    return code, slots


def open_slot(slot, passphrase, code):
    """The master key of a slot, or None where it cannot be parsed, is of an unknown kind, or does not open."""
    try:
        kind, kdf, epoch = slot["kind"], slot["kdf"], slot["epoch"]
        salt, nonce, sealed = (base64.b64decode(slot[name], validate=True) for name in ("salt", "nonce", "sealed"))
        need(len(salt) == 16 and len(nonce) == 12 and len(sealed) == 48 and re.fullmatch("[0-9a-f]{32}", slot["id"]), "")
        named = f"permafrost/slot/v1|{slot['id']}|{kind}|{epoch}|{kdf}"
        if (kind, kdf) == ("passphrase", "argon2id") and passphrase is not None:
            memory, passes, lanes = slot["memoryKiB"], slot["passes"], slot["lanes"]
            need(65536 <= memory <= 1048576 and 1 <= passes <= 10 and 1 <= lanes <= 4, "")
            named += f"|{memory}|{passes}|{lanes}"
            kek = argon2id(unicodedata.normalize("NFC", passphrase).encode(), salt, memory, passes, lanes)
        elif (kind, kdf) == ("code", "hkdf") and code is not None:
            kek = hkdf(code, salt, b"permafrost/slot/code/v1", 32)
        else:
            return None
        return unseal(kek, nonce, sealed, f"{named}|{slot['salt']}".encode())
    except (KeyError, TypeError, ValueError, Bad):
        return None


def open_keys(slot_files, kit_slots, passphrase, code):
    """Master keys by epoch, of the newest file of which a slot opens."""
    for slots in [kit_slots] + [slots for _generation, slots in sorted(slot_files, key=lambda f: -f[0])]:
        masters = {}
        for slot in slots[:32]:
            master = open_slot(slot, passphrase, code) if slot.get("epoch") not in masters else None
            if master is not None:
                masters[slot["epoch"]] = master
        if masters:
            return masters
    sys.exit("Neither the passphrase nor the code opens any of the key slots found.")


def subkey(master, label):
    return hkdf(master, b"", b"permafrost/v1/" + label.encode(), 32)


# --- §3 and §4: chunks, frames, packs ---------------------------------------------------------------------------------


def unzstd(stored, raw_length):
    try:
        from compression import zstd

        return zstd.decompress(stored)
    except ImportError:
        pass
    try:
        import zstandard

        return zstandard.ZstdDecompressor().decompress(stored, max_output_size=raw_length)
    except ImportError:
        pass
    try:
        done = subprocess.run(["zstd", "-dcq"], input=stored, stdout=subprocess.PIPE, check=True)
        return done.stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Bad(f"zstd: {error}")


def decode(codec, stored, raw_length):
    try:
        if codec == 0:
            raw = stored
        elif codec == 1:
            raw = unzstd(stored, raw_length)
        elif codec == 2:
            inflater = zlib.decompressobj(-15)
            raw = inflater.decompress(stored, raw_length + 1)
        else:
            raise Bad(f"codec {codec} is unknown")
    except Bad:
        raise
    except Exception as error:  # each decoder has failures of its own
        raise Bad(f"a frame does not decompress: {error}")
    need(len(raw) == raw_length, "a frame has another length than its record says")
    return raw


class Pack:
    """One archive. Reads only the segments it is asked for, and keeps the last few."""

    def __init__(self, path, masters):
        self.path = path
        self.size = os.path.getsize(path)
        need(self.size % MIB == 0 and 1 <= self.size // MIB <= 4096, "the length is not that of a pack")
        self.segments = self.size // MIB
        with open(path, "rb") as file:
            self.header = file.read(HEADER)
        need(self.header[:8] == MAGIC, "not a pack")
        layout, suite, self.epoch = struct.unpack_from("<HHI", self.header, 8)
        need((layout, suite) == (1, 1) and not any(self.header[112:]), "a header of another format")
        self.writer, self.id = self.header[16:32].hex(), self.header[32:48].hex()
        need(self.epoch in masters, f"sealed with a key of epoch {self.epoch}, which is not here")
        master = masters[self.epoch]
        both = hkdf(subkey(master, "pack"), self.header[48:80], b"pack/v1" + self.header[:48], 64)
        need(hmac.compare_digest(both[32:], self.header[80:112]), "another key, or a damaged header")
        self.key, self.id_key = both[:32], subkey(master, "id")
        self.associated = hashlib.sha256(self.header).digest()
        self.kept = OrderedDict()
        self.body_length = self.segments * (MIB - TAG) - HEADER
        self._read_tail()

    def _segment(self, n):
        if n in self.kept:
            return self.kept[n]
        at, length = (HEADER, MIB - HEADER) if n == 0 else (n * MIB, MIB)
        with open(self.path, "rb") as file:
            file.seek(at)
            sealed = file.read(length)
        nonce = bytes(7) + struct.pack("<I", n) + bytes([n == self.segments - 1])
        plain = unseal(self.key, nonce, sealed, self.associated)
        need(plain is not None, f"MiB {n} is damaged")
        self.kept[n] = plain
        if len(self.kept) > 3:
            self.kept.popitem(last=False)
        return plain

    def body(self, first, end):
        first_segment = MIB - HEADER - TAG
        pieces = []
        while first < end:
            if first < first_segment:
                n, within, length = 0, first, first_segment
            else:
                n = 1 + (first - first_segment) // (MIB - TAG)
                within, length = (first - first_segment) % (MIB - TAG), MIB - TAG
            take = min(end - first, length - within)
            pieces.append(self._segment(n)[within : within + take])
            first += take
        return b"".join(pieces)

    def _read_tail(self):
        trailer = self.body(self.body_length - TRAILER, self.body_length)
        (magic, kind, codec, zero, stored, raw, frames, chunks, zero2, frames_end, offset, raw_sum, zero3) = struct.unpack(
            "<8sHBBIIIIIQQQQ", trailer
        )
        need(magic == TAIL_MAGIC and kind in KINDS and zero == zero2 == zero3 == 0, "the trailer is damaged")
        need(raw == 24 * frames + 48 * chunks <= 64 * MIB and chunks <= 262144, "the index is too large")
        need(frames_end <= offset and offset + stored == self.body_length - TRAILER, "the index lies elsewhere")
        self.kind = KINDS[kind]
        index = decode(codec, self.body(offset, offset + stored), raw) if stored else b""
        self.frames, self.chunks = [], []
        at = 0
        for i in range(frames):
            start, length, raw_length, frame_codec, pad = struct.unpack_from("<QIIB7s", index, 24 * i)
            need(start == at and 1 <= length <= raw_length <= MIB and not any(pad), "a frame record is damaged")
            self.frames.append((start, length, raw_length, frame_codec))
            at += length
        need(at == frames_end and sum(f[2] for f in self.frames) == raw_sum, "the frames do not fill their room")
        filled, frame = 0, 0
        for i in range(chunks):
            chunk, number, start, length, pad = struct.unpack_from("<32sIIII", index, 24 * frames + 48 * i)
            if number != frame:
                need(number == frame + 1 and frame < frames and filled == self.frames[frame][2], "a gap between chunks")
                frame, filled = number, 0
            need(frame < frames and start == filled and 1 <= length and pad == 0, "a chunk record is damaged")
            self.chunks.append((chunk, number, start, length))
            filled += length
        need(chunks == 0 or (frame == frames - 1 and filled == self.frames[frame][2]), "the last frame is not filled")

    def frame(self, number):
        start, length, raw_length, codec = self.frames[number]
        return decode(codec, self.body(start, start + length), raw_length)

    def cut(self, raw, chunk, start, length):
        piece = raw[start : start + length]
        need(hmac.compare_digest(hmac.new(self.id_key, piece, hashlib.sha256).digest(), chunk), "a chunk is damaged")
        return piece

    def content(self):
        """All chunks joined: what a manifest is."""
        pieces, last, raw = [], None, b""
        for chunk, number, start, length in self.chunks:
            if number != last:
                last, raw = number, self.frame(number)
            pieces.append(self.cut(raw, chunk, start, length))
        return b"".join(pieces)

    def tree_hash(self):
        with open(self.path, "rb") as file:
            level = [hashlib.sha256(file.read(MIB)).digest() for _ in range(self.segments)]
        while len(level) > 1:
            pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
            level = [hashlib.sha256(b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
        return level[0].hex()


# --- §5: manifests and trees ------------------------------------------------------------------------------------------


def name_of(thing, member="name"):
    if member + "64" in thing:
        return base64.b64decode(thing[member + "64"])
    return thing[member].encode("utf-8", "surrogatepass")


class Manifest:
    def __init__(self, pack):
        text = pack.content()
        need(text.endswith(b"\n"), "the last line of a manifest is cut off")
        self.lines = [json.loads(line) for line in text[:-1].split(b"\n")]
        self.head = self.lines[0]
        need(self.head.get("manifest") == 1, "a manifest of another version")
        need(self.head["writer"] == pack.writer, "a manifest of another writer than its pack")
        need("end" in self.lines[-1], "the end of a manifest is missing")
        counts = {"packs": 0, "frames": 0, "folders": 0, "puts": 0, "gone": 0}
        for line in self.lines[1:-1]:
            counts["packs"] += "pack" in line
            counts["frames"] += len(line.get("frames", ()))
            counts["folders"] += "folder" in line
            counts["puts"] += "put" in line
            counts["gone"] += "gone" in line
            known = ("source", "exclude", "forgotten", "tagged", "pack", "frames", "folder", "put", "more", "gone")
            need(any(kind in line for kind in known), "a line of an unknown kind")
        need(self.lines[-1]["end"] == counts, "a manifest has more or fewer lines than it says")
        self.tree_hash = pack.tree_hash()


def forgotten_in(manifests):
    """Snapshots that a manifest tells to be no more, though their own manifests may still be there."""
    return {uid for manifest in manifests for line in manifest.lines[1:-1] for uid in line.get("forgotten", ())}


def counting(manifests):
    """Manifests by snapshot, without those that do not count (§5)."""
    by_epoch = {}
    for manifest in manifests:
        by_epoch.setdefault((manifest.head["writer"], manifest.head["epoch"]), []).append(manifest)
    chosen = {}
    for writer, epoch in sorted(by_epoch, reverse=True):
        candidates = by_epoch[writer, epoch]
        following = chosen.get((writer, epoch + 1))
        named = [m for m in candidates if following and m.tree_hash == following.head["previous"]]
        chosen[writer, epoch] = named[0] if named else max(candidates, key=lambda m: m.head["endedAt"])
    snapshots = {}
    for manifest in chosen.values():
        other = snapshots.get(manifest.head["snapshot"])
        if other is None or other.head["endedAt"] < manifest.head["endedAt"]:
            snapshots[manifest.head["snapshot"]] = manifest
    return snapshots


class Node:
    def __init__(self, entry, ids):
        self.entry, self.ids, self.children = entry, ids, {}


def resolve(snapshot, manifests):
    """The tree of a snapshot: source paths (bytes) to nodes."""
    chain = []
    while True:
        manifest = manifests.get(snapshot)
        need(manifest is not None, "a record that this snapshot builds on is missing")
        chain.append(manifest)
        if manifest.head["base"]:
            break
        snapshot = manifest.head["parent"]
        need(len(chain) < 1000000, "the snapshots go round in a circle")
    root = {}
    for manifest in reversed(chain):
        folders, here, last = {0: root}, root, None
        for line in manifest.lines[1:-1]:
            if "folder" in line:
                number = line["folder"]
                if number == 0:
                    here = root
                else:
                    above = folders[line.get("in", 0)]
                    name = name_of(line)
                    need(name in above, "a folder that is not there")
                    here = folders[number] = above[name].children
            elif "gone" in line:
                here.pop(name_of(line["gone"]), None)
            elif "put" in line:
                entry = line["put"]
                name = name_of(entry)
                last = Node(entry, [base64.b64decode(entry.get("ids", ""))])
                before = here.get(name)
                if before is not None and before.entry["type"] == entry["type"] == "folder":
                    last.children = before.children
                here[name] = last
            elif "more" in line:
                need(last is not None, "more of nothing")
                last.ids.append(base64.b64decode(line["more"]))
    return root


# --- writing ----------------------------------------------------------------------------------------------------------


class Extraction:
    def __init__(self, packs):
        self.places = {}
        for pack in packs:
            if pack.kind == "data":
                for chunk, number, start, length in pack.chunks:
                    self.places.setdefault(chunk, []).append((pack, number, start, length))
        self.decoded = OrderedDict()
        self.inodes = {}
        self.done, self.failed = 0, []

    def _chunk(self, chunk):
        why = "its content is in none of the archives"
        for pack, number, start, length in self.places.get(chunk, ()):
            try:
                key = (pack.id, number)
                if key not in self.decoded:
                    self.decoded[key] = pack.frame(number)
                    if len(self.decoded) > 64:
                        self.decoded.popitem(last=False)
                return pack.cut(self.decoded[key], chunk, start, length)
            except Bad as error:
                why = str(error)
        raise Bad(why)

    def _content(self, node, out):
        ids = b"".join(node.ids)
        need(len(ids) == 32 * node.entry["chunks"], "its list of chunks is not whole")
        need(hashlib.sha256(ids).digest() == base64.b64decode(node.entry["hash"]), "its whole-file hash differs")
        length = 0
        for at in range(0, len(ids), 32):
            piece = self._chunk(ids[at : at + 32])
            if node.entry.get("sparse"):
                self._sparse(out, length, piece)
            else:
                out.write(piece)
            length += len(piece)
        need(length == node.entry["size"], "it has another length")
        out.truncate(length)

    @staticmethod
    def _sparse(out, at, piece):
        """Leaves blocks of zeros out; they are counted from the start of the file."""
        position = 0
        while position < len(piece):
            take = min(len(piece) - position, BLOCK - (at + position) % BLOCK)
            block = piece[position : position + take]
            if any(block):
                out.seek(at + position)
                out.write(block)
            position += take

    def write(self, node, path):
        entry = node.entry
        try:
            if entry["type"] == "symlink":
                os.symlink(name_of(entry, "link"), path)
                self._times(entry, path)
            elif entry["type"] == "folder":
                os.makedirs(path, mode=0o700, exist_ok=True)
                for name, child in sorted(node.children.items()):
                    if name in (b"", b".", b"..") or b"/" in name or b"\0" in name:
                        self.failed.append((path + b"/" + name, "a name that leads elsewhere"))
                        continue
                    self.write(child, path + b"/" + name)
                os.chmod(path, entry["mode"] & 0o777)
                self._times(entry, path)
                return
            elif entry["type"] == "file":
                self._file(node, path)
            else:
                raise Bad(f"unknown type {entry['type']}")
            self.done += 1
        except (Bad, OSError) as error:
            self.failed.append((path, str(error)))

    def _file(self, node, path):
        entry = node.entry
        same = (entry.get("inode"), entry["size"], entry["hash"])
        if same[0] is not None and same in self.inodes:
            os.link(self.inodes[same], path)
            return
        begun = path + b".permafrost-part"
        descriptor = os.open(begun, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                self._content(node, out)
        except Bad:
            os.unlink(begun)
            raise
        os.rename(begun, path)
        os.chmod(path, entry["mode"] & 0o777)
        self._times(entry, path)
        if same[0] is not None:
            self.inodes[same] = path

    @staticmethod
    def _times(entry, path):
        seconds, nanoseconds = entry["mtime"]
        when = seconds * 10**9 + nanoseconds
        os.utime(path, ns=(when, when), follow_symlinks=False)


def safe_source(path):
    """A source's full path as a path below the destination."""
    parts = [part for part in re.split(rb"[/\\]", path.replace(b":", b"")) if part not in (b"", b".", b"..")]
    return b"/".join(parts) or b"root"


# --- the archives -----------------------------------------------------------------------------------------------------


def find_archives(folder):
    """Slot files (generation, slots) and paths of packs, whatever they are called."""
    slot_files, pack_paths = [], []
    for where, _folders, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(where, name)
            if name.endswith(".part") or not os.path.isfile(path):
                continue  # an upload under way
            with open(path, "rb") as file:
                start = file.read(8)
            if start == MAGIC:
                pack_paths.append(path)
            elif start[:1] == b"{" and os.path.getsize(path) <= MIB:
                try:
                    with open(path, "rb") as file:
                        found = json.loads(file.read())
                    if found.get("format") == "permafrost-keys" and found.get("version") == 1:
                        slot_files.append((found["generation"], found["slots"]))
                except (ValueError, KeyError, AttributeError):
                    pass
    return slot_files, pack_paths


def open_packs(paths, masters):
    packs, problems = {}, []
    for path in paths:
        try:
            pack = Pack(path, masters)
            packs.setdefault(pack.id, pack)  # two archives of one pack are copies of it
        except Bad as error:
            problems.append((path, str(error)))
    return list(packs.values()), problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("archives", help="folder of raw archives")
    parser.add_argument("--to", help="where to write; new or empty")
    parser.add_argument("--list", action="store_true", help="only list the snapshots")
    parser.add_argument("--forgotten", action="store_true", help="also snapshots that were let go, as far as their data is still there")
    parser.add_argument("--snapshot", help="id of a snapshot, or the beginning of one; by default the newest of each plan")
    parser.add_argument("--passphrase-file", help="its first line is the passphrase")
    parser.add_argument("--kit", help="the recovery kit, saved as text")
    parser.add_argument("--code", help="the recovery code of the kit")
    options = parser.parse_args()
    if not options.list and options.to is None:
        parser.error("say --to DIR, or --list")

    slot_files, pack_paths = find_archives(options.archives)
    passphrase, code, kit_slots = None, None, []
    if options.kit:
        with open(options.kit, encoding="utf-8") as file:
            code, kit_slots = read_kit(file.read())
    if options.code:
        code = read_code(options.code)
        if code is None:
            sys.exit("That is no recovery code, or a character of it was misread.")
    if options.passphrase_file:
        with open(options.passphrase_file, encoding="utf-8") as file:
            passphrase = file.readline().rstrip("\r\n")
    if passphrase is None and code is None:
        passphrase = getpass.getpass("Passphrase: ")

    masters = open_keys(slot_files, kit_slots, passphrase, code)
    packs, problems = open_packs(pack_paths, masters)
    found = []
    for pack in packs:
        if pack.kind == "manifest":
            try:
                found.append(Manifest(pack))
            except (Bad, ValueError, KeyError) as error:
                problems.append((pack.path, f"a record that cannot be read: {error}"))
    manifests = counting(found)
    for path, why in problems:
        print(f"{path}: {why}", file=sys.stderr)

    newest = sorted(manifests.values(), key=lambda m: (m.head["plan"]["id"], m.head["epoch"]))
    if not options.forgotten:
        gone = forgotten_in(found)
        newest = [m for m in newest if m.head["snapshot"] not in gone]
    if options.list:
        for manifest in newest:
            head = manifest.head
            print(head["snapshot"], head["plan"]["name"], head["host"], head["endedAt"], sep="\t")
        return 3 if problems else 0
    if options.snapshot:
        wanted = [m for m in newest if m.head["snapshot"].startswith(options.snapshot)]
        if len(wanted) != 1:
            sys.exit(f"{len(wanted)} snapshots begin with {options.snapshot}.")
    else:
        wanted = list({manifest.head["plan"]["id"]: manifest for manifest in newest}.values())
    if not wanted:
        sys.exit("There is no snapshot in these archives.")
    if os.path.exists(options.to) and os.listdir(options.to):
        sys.exit(f"{options.to} is not empty.")

    extraction = Extraction(packs)
    for manifest in wanted:
        below = os.fsencode(options.to)
        if len(wanted) > 1:
            below += b"/" + re.sub(rb"[^\w .-]", b"_", manifest.head["plan"]["name"].encode()) + b"-" + manifest.head["plan"]["id"][:8].encode()
        try:
            tree = resolve(manifest.head["snapshot"], manifests)
        except (Bad, KeyError) as error:
            extraction.failed.append((below, f"snapshot {manifest.head['snapshot']}: {error}"))
            continue
        extraction.inodes = {}
        for path, node in sorted(tree.items()):
            target = below + b"/" + safe_source(path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            extraction.write(node, target)
    for path, why in extraction.failed:
        print(f"{os.fsdecode(path)}: {why}", file=sys.stderr)
    print(f"{extraction.done} files written, {len(extraction.failed)} failed.")
    return 3 if extraction.failed or problems else 0


if __name__ == "__main__":
    sys.exit(main())
