"""The vault service as botocore's model of it sees it."""

import io
import json
import os

from checks import (
    DAY,
    HOUR,
    MIB,
    advance,
    check,
    connect,
    control,
    fresh,
    pattern,
    refused,
    report,
    same,
)
from botocore.exceptions import WaiterError
from botocore.utils import calculate_tree_hash

glacier = connect("glacier")
account_id = control("state")["accountId"]

BAD = ("InvalidParameterValueException", 400)
MISSING = ("ResourceNotFoundException", 404)
DENIED = ("AccessDeniedException", 403)
LIMIT = ("LimitExceededException", 400)


def vault():
    name = fresh("vault")
    glacier.create_vault(vaultName=name)
    return name


def arn(name):
    return f"arn:aws:glacier:us-east-1:{account_id}:vaults/{name}"


def store(name, body=b"an archive", description=""):
    return glacier.upload_archive(vaultName=name, body=body, archiveDescription=description)["archiveId"]


def begin(name, part_bytes=MIB):
    answer = glacier.initiate_multipart_upload(vaultName=name, partSize=str(part_bytes))
    return answer["uploadId"]


def send(name, upload, first, body):
    return glacier.upload_multipart_part(
        vaultName=name, uploadId=upload, range=f"bytes {first}-{first + len(body) - 1}/*", body=body
    )["checksum"]


def order(name, **parameters):
    parameters.setdefault("Type", "archive-retrieval")
    return glacier.initiate_job(vaultName=name, jobParameters=parameters)["jobId"]


def output(name, job, **more):
    return glacier.get_job_output(vaultName=name, jobId=job, **more)


def pages(operation, key, **arguments):
    """All items of a listing, and how many each page had."""
    found = [page[key] for page in glacier.get_paginator(operation).paginate(**arguments)]
    return [item for page in found for item in page], [len(page) for page in found]


@check
def making():
    """a vault is made, again without effect, described, waited for and deleted"""
    name = fresh("vault")
    missing = refused(*MISSING, glacier.describe_vault, vaultName=name)
    assert isinstance(missing, glacier.exceptions.ResourceNotFoundException)
    same(missing.response["Error"]["Message"], f"Vault not found for ARN: {arn(name)}")
    for _ in range(2):
        answer = glacier.create_vault(vaultName=name)
        same(answer["ResponseMetadata"]["HTTPStatusCode"], 201)
        same(answer["location"], f"/{account_id}/vaults/{name}")
    glacier.get_waiter("vault_exists").wait(vaultName=name)
    seen = glacier.describe_vault(accountId=account_id, vaultName=name)
    same((seen["VaultARN"], seen["VaultName"]), (arn(name), name))
    same((seen["NumberOfArchives"], seen["SizeInBytes"]), (0, 0))
    assert "LastInventoryDate" not in seen
    for _ in range(2):
        same(glacier.delete_vault(vaultName=name)["ResponseMetadata"]["HTTPStatusCode"], 204)
    glacier.get_waiter("vault_not_exists").wait(vaultName=name)
    try:
        glacier.get_waiter("vault_exists").wait(vaultName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 2})
    except WaiterError:
        return
    raise AssertionError("a vault that is gone was waited for")


@check
def listing():
    """vaults are listed by name, ten to a page at most"""
    names = sorted(vault() for _ in range(23))
    found, sizes = pages("list_vaults", "VaultList")
    listed = [each["VaultName"] for each in found]
    same([name for name in listed if name in names], names)
    same(listed, sorted(listed))
    same(set(sizes[:-1]), {10})
    assert sizes[-1] <= 10
    few, sizes = pages("list_vaults", "VaultList", PaginationConfig={"PageSize": 7})
    same(few, found)
    same(set(sizes[:-1]), {7})
    same(len(glacier.list_vaults(limit="1000")["VaultList"]), 10)
    refused(*BAD, glacier.list_vaults, limit="0")


@check
def archives():
    """archives of bytes and of files get the tree hash botocore computes, and are deleted for good"""
    name = vault()
    data = pattern(int(6.5 * MIB))
    known = "8bcaa7b4b8f991ca140f306627f2c4e84601364cde8e054b6e0924433ca7482f"
    same(calculate_tree_hash(io.BytesIO(data)), known)
    for body in (data, io.BytesIO(data)):
        answer = glacier.upload_archive(vaultName=name, body=body)
        same(answer["checksum"], known)
        same(len(answer["archiveId"]), 138)
        same(answer["location"], f"/{account_id}/vaults/{name}/archives/{answer['archiveId']}")
    wrong = refused(*BAD, glacier.upload_archive, vaultName=name, body=b"a", checksum="0" * 64)
    told = f"Checksum mismatch: expected {'0' * 64}, computed ca978112"
    assert wrong.response["Error"]["Message"].startswith(told)
    refused(*BAD, glacier.upload_archive, vaultName=name, body=b"")
    refused(*BAD, glacier.upload_archive, vaultName=name, body=b"a", archiveDescription="x" * 1025)
    refused(*MISSING, glacier.upload_archive, vaultName=fresh("vault"), body=b"a")
    for _ in range(2):
        gone = glacier.delete_archive(vaultName=name, archiveId=answer["archiveId"])
        same(gone["ResponseMetadata"]["HTTPStatusCode"], 204)
    refused(*MISSING, glacier.delete_archive, vaultName=name, archiveId="x" * 138)
    refused(*BAD, glacier.delete_archive, vaultName=vault(), archiveId=store(name))


@check
def hyphens():
    """ids that start with a hyphen are ids like others"""
    name = vault()
    archive = upload = job = ""
    while not archive.startswith("-"):
        archive = store(name, b"hyphen", "a description")
    while not upload.startswith("-"):
        upload = begin(name)
    while not job.startswith("-"):
        job = order(name, ArchiveId=archive, Tier="Expedited")
    same(glacier.list_parts(vaultName=name, uploadId=upload)["MultipartUploadId"], upload)
    glacier.abort_multipart_upload(vaultName=name, uploadId=upload)
    same(glacier.describe_job(vaultName=name, jobId=job)["ArchiveId"], archive)
    advance(HOUR)
    answer = output(name, job)
    same((answer["body"].read(), answer["archiveDescription"]), (b"hyphen", "a description"))
    glacier.delete_archive(vaultName=name, archiveId=archive)


@check
def parts():
    """parts come in any order, twice if need be, and become one archive however often that is asked"""
    name = vault()
    data = pattern(int(6.5 * MIB))
    begun = glacier.initiate_multipart_upload(
        vaultName=name, partSize=str(2 * MIB), archiveDescription="in parts"
    )
    upload = begun["uploadId"]
    same(begun["location"], f"/{account_id}/vaults/{name}/multipart-uploads/{upload}")
    pieces = {first: data[first : first + 2 * MIB] for first in range(0, len(data), 2 * MIB)}
    hashes = {first: calculate_tree_hash(io.BytesIO(piece)) for first, piece in pieces.items()}
    send(name, upload, 2 * MIB, bytes(2 * MIB))
    for first in (6 * MIB, 0, 4 * MIB, 2 * MIB):
        same(send(name, upload, first, pieces[first]), hashes[first])
    found, sizes = pages(
        "list_parts", "Parts", vaultName=name, uploadId=upload, PaginationConfig={"PageSize": 3}
    )
    same(sizes, [3, 1])
    same(
        found,
        [
            {"RangeInBytes": f"{first}-{first + len(piece) - 1}", "SHA256TreeHash": hashes[first]}
            for first, piece in pieces.items()
        ],
    )
    whole = calculate_tree_hash(io.BytesIO(data))
    finish = {"vaultName": name, "uploadId": upload, "archiveSize": str(len(data)), "checksum": whole}
    refused(*BAD, glacier.complete_multipart_upload, **{**finish, "checksum": hashes[0]})
    refused(*BAD, glacier.complete_multipart_upload, **{**finish, "archiveSize": "1"})
    first, again = (glacier.complete_multipart_upload(**finish) for _ in range(2))
    same(first["checksum"], whole)
    same(again["archiveId"], first["archiveId"])
    refused(*MISSING, glacier.list_parts, vaultName=name, uploadId=upload)
    job = order(name, ArchiveId=first["archiveId"], Tier="Expedited")
    advance(HOUR)
    answer = output(name, job)
    same((answer["body"].read() == data, answer["checksum"]), (True, whole))
    same(answer["archiveDescription"], "in parts")


@check
def bad_parts():
    """parts that do not fit are refused"""
    name = vault()
    refused(*BAD, glacier.initiate_multipart_upload, vaultName=name, partSize=str(3 * MIB))
    upload = begin(name)
    put = glacier.upload_multipart_part
    part = {"vaultName": name, "uploadId": upload, "body": b"0123456789"}
    refused(*BAD, put, **part, range="bytes 0-8/*")
    refused(*BAD, put, **part, range="bytes 1-10/*")
    refused(*BAD, put, **part, range="bytes 0-9/*", checksum="0" * 64)
    refused(*BAD, put, **part, range=f"bytes {10000 * MIB}-{10000 * MIB + 9}/*")
    refused(*MISSING, put, **{**part, "uploadId": "x" * 92}, range="bytes 0-9/*")
    for _ in range(2):
        glacier.abort_multipart_upload(vaultName=name, uploadId=upload)
    refused(*MISSING, put, **part, range="bytes 0-9/*")


@check
def long_listings():
    """uploads, parts and jobs are listed fifty to a page at most"""
    name = vault()
    uploads = [begin(name) for _ in range(57)]
    found, sizes = pages("list_multipart_uploads", "UploadsList", vaultName=name)
    same(sizes, [50, 7])
    same(sorted(each["MultipartUploadId"] for each in found), sorted(uploads))
    same({(each["PartSizeInBytes"], each["VaultARN"]) for each in found}, {(MIB, arn(name))})
    for place in range(57):
        send(name, uploads[0], place * MIB, b"short")
    found, sizes = pages("list_parts", "Parts", vaultName=name, uploadId=uploads[0])
    same(sizes, [50, 7])
    same([each["RangeInBytes"] for each in found], [f"{i * MIB}-{i * MIB + 4}" for i in range(57)])
    archive = store(name)
    jobs = [order(name, ArchiveId=archive) for _ in range(57)]
    found, sizes = pages("list_jobs", "JobList", vaultName=name)
    same(sizes, [50, 7])
    same(sorted(each["JobId"] for each in found), sorted(jobs))
    quick = order(name, ArchiveId=archive, Tier="Expedited")
    advance(HOUR)
    for query, expected in (
        ({"completed": "true"}, 1),
        ({"completed": "false"}, 57),
        ({"statuscode": "InProgress"}, 57),
        ({"statuscode": "Succeeded"}, 1),
        ({"statuscode": "Failed"}, 0),
    ):
        found, _ = pages("list_jobs", "JobList", vaultName=name, **query)
        same(len(found), expected)
    same(glacier.list_jobs(vaultName=name, completed="true")["JobList"][0]["JobId"], quick)
    refused(*BAD, glacier.list_jobs, vaultName=name, statuscode="finished")


@check
def tiers():
    """retrievals take as long as their tier says, and their output stays for a day"""
    name = vault()
    archive = store(name, b"slow")
    for tier, seconds in (("Expedited", 5 * 60), ("Standard", 5 * HOUR), ("Bulk", 12 * HOUR)):
        job = order(name, ArchiveId=archive, Tier=tier, Description=f"by {tier}")
        seen = glacier.describe_job(vaultName=name, jobId=job)
        same((seen["Completed"], seen["StatusCode"], seen["Tier"]), (False, "InProgress", tier))
        same((seen["Action"], seen["JobDescription"]), ("ArchiveRetrieval", f"by {tier}"))
        same((seen["ArchiveId"], seen["ArchiveSizeInBytes"]), (archive, 4))
        early = refused(*BAD, output, name=name, job=job)
        same(
            early.response["Error"]["Message"],
            f"The job is not currently available for download: {job}",
        )
        advance(seconds)
        seen = glacier.describe_job(vaultName=name, jobId=job)
        same((seen["Completed"], seen["StatusCode"]), (True, "Succeeded"))
        same(seen["SHA256TreeHash"], calculate_tree_hash(io.BytesIO(b"slow")))
        answer = output(name, job)
        same((answer["body"].read(), answer["status"]), (b"slow", 200))
        advance(DAY)
        refused(*MISSING, output, name=name, job=job)
        refused(*MISSING, glacier.describe_job, vaultName=name, jobId=job)
    refused(*BAD, order, name=name, ArchiveId=archive, Tier="Instant")
    refused(*MISSING, order, name=name, ArchiveId="x" * 138)
    refused(*BAD, order, name=name, Type="select", ArchiveId=archive)


@check
def ranges():
    """a part of an archive is retrieved, and a part of that read, with a tree hash where there is one"""
    name = vault()
    data = pattern(int(6.5 * MIB))
    archive = store(name, data)
    aligned = order(name, ArchiveId=archive, RetrievalByteRange=f"{4 * MIB}-{len(data) - 1}")
    crooked = order(name, ArchiveId=archive, RetrievalByteRange=f"{MIB}-{3 * MIB - 1}")
    for wrong in (f"1-{MIB}", f"0-{MIB}", f"0-{7 * MIB - 1}", f"{MIB}-0"):
        refused(*BAD, order, name=name, ArchiveId=archive, RetrievalByteRange=wrong)
    advance(4 * HOUR)
    seen = glacier.describe_job(vaultName=name, jobId=aligned)
    same(seen["RetrievalByteRange"], f"{4 * MIB}-{len(data) - 1}")
    answer = output(name, aligned)
    tail = data[4 * MIB :]
    same((answer["body"].read() == tail, answer["checksum"]), (True, calculate_tree_hash(io.BytesIO(tail))))
    answer = output(name, aligned, range=f"bytes={MIB}-{2 * MIB - 1}")
    piece = tail[MIB : 2 * MIB]
    same((answer["status"], answer["contentRange"]), (206, f"bytes {MIB}-{2 * MIB - 1}/{len(tail)}"))
    same((answer["acceptRanges"], answer["contentType"]), ("bytes", "application/octet-stream"))
    same((answer["body"].read() == piece, answer["checksum"]), (True, calculate_tree_hash(io.BytesIO(piece))))
    answer = output(name, aligned, range="bytes=10-19")
    same((answer["body"].read(), "checksum" in answer), (tail[10:20], False))
    answer = output(name, aligned, range=f"bytes={2 * MIB}-{9 * MIB}")
    same(answer["contentRange"], f"bytes {2 * MIB}-{len(tail) - 1}/{len(tail)}")
    same(answer["body"].read() == tail[2 * MIB :], True)
    refused(*BAD, output, name=name, job=aligned, range=f"bytes={len(tail)}-{len(tail) + 1}")
    answer = output(name, crooked)
    same((answer["body"].read() == data[MIB : 3 * MIB], "checksum" in answer), (True, False))


@check
def failing():
    """a retrieval of an archive that is deleted meanwhile fails and says so"""
    name = vault()
    archive = store(name)
    job = order(name, ArchiveId=archive)
    glacier.delete_archive(vaultName=name, archiveId=archive)
    advance(4 * HOUR)
    seen = glacier.describe_job(vaultName=name, jobId=job)
    same((seen["Completed"], seen["StatusCode"]), (True, "Failed"))
    refused(*BAD, output, name=name, job=job)


@check
def inventories():
    """inventories come a day later, as JSON and CSV, in pieces and between dates"""
    name = vault()
    inventory = {"name": name, "Type": "inventory-retrieval"}
    refused(*MISSING, order, **inventory)
    texts = ["", "plain", 'with "quotes", and a comma', "back\\slash"]
    stored = {store(name, b"x" * (i + 1), text): text for i, text in enumerate(texts)}
    same(glacier.describe_vault(vaultName=name)["NumberOfArchives"], 0)
    advance(DAY)
    seen = glacier.describe_vault(vaultName=name)
    same((seen["NumberOfArchives"], seen["SizeInBytes"]), (4, 1 + 2 + 3 + 4 + 4 * 32768))
    as_json = order(**inventory, Description="a list")
    as_csv = order(**inventory, Format="CSV")
    limited = order(**inventory, InventoryRetrievalParameters={"Limit": "3"})
    none = order(**inventory, InventoryRetrievalParameters={"EndDate": "2013-03-20T17:03:43Z"})
    refused(*BAD, order, **inventory, InventoryRetrievalParameters={"StartDate": "yesterday"})
    refused(*BAD, order, **inventory, Format="XML")
    advance(4 * HOUR)

    answer = output(name, as_json)
    same(answer["contentType"], "application/json")
    assert "checksum" not in answer
    text = answer["body"].read()
    listed = json.loads(text)
    same(listed["VaultARN"], arn(name))
    same({each["ArchiveId"]: each["ArchiveDescription"] for each in listed["ArchiveList"]}, stored)
    same(sorted(each["Size"] for each in listed["ArchiveList"]), [1, 2, 3, 4])
    seen = glacier.describe_job(vaultName=name, jobId=as_json)
    same((seen["Action"], seen["InventorySizeInBytes"]), ("InventoryRetrieval", len(text)))
    same(output(name, as_json, range="bytes=2-9")["body"].read(), text[2:10])

    answer = output(name, as_csv)
    same(answer["contentType"], "text/csv")
    lines = answer["body"].read().decode().splitlines()
    same(lines[0], "ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash")
    rows = {}
    for line in lines[1:]:
        archive, rest = line.split(",", 1)
        rows[archive] = rest.rsplit(",", 3)[0][1:-1].replace('\\"', '"')
    same(rows, stored)

    found = json.loads(output(name, limited)["body"].read())["ArchiveList"]
    marker = glacier.describe_job(vaultName=name, jobId=limited)["InventoryRetrievalParameters"]["Marker"]
    rest = order(**inventory, InventoryRetrievalParameters={"Limit": "3", "Marker": marker})
    same(json.loads(output(name, none)["body"].read())["ArchiveList"], [])
    advance(4 * HOUR)
    more = json.loads(output(name, rest)["body"].read())["ArchiveList"]
    same((len(found), len(more)), (3, 1))
    same({each["ArchiveId"] for each in found + more}, set(stored))
    same("Marker" in glacier.describe_job(vaultName=name, jobId=rest)["InventoryRetrievalParameters"], False)


@check
def emptying():
    """a vault goes when an inventory has seen it empty, not before"""
    name = vault()
    archive = store(name)
    full = refused(*BAD, glacier.delete_vault, vaultName=name)
    same(full.response["Error"]["Message"], f"Vault not empty or recently written to: {arn(name)}")
    advance(DAY)
    glacier.delete_archive(vaultName=name, archiveId=archive)
    refused(*BAD, glacier.delete_vault, vaultName=name)
    advance(DAY)
    glacier.delete_vault(vaultName=name)
    refused(*MISSING, glacier.describe_vault, vaultName=name)


@check
def access_policies():
    """an access policy is kept as it was written, acts, and goes"""
    name = vault()
    unset = refused(*MISSING, glacier.get_vault_access_policy, vaultName=name)
    same(unset.response["Error"]["Message"], f"No vault access policy is set for: {name}")
    archive = store(name)
    policy = deny(name, "glacier:DeleteArchive")
    glacier.set_vault_access_policy(vaultName=name, policy={"Policy": policy})
    same(glacier.get_vault_access_policy(vaultName=name)["policy"], {"Policy": policy})
    refused(*DENIED, glacier.delete_archive, vaultName=name, archiveId=archive)
    refused(*BAD, glacier.set_vault_access_policy, vaultName=name, policy={"Policy": "{"})
    for _ in range(2):
        glacier.delete_vault_access_policy(vaultName=name)
    refused(*MISSING, glacier.get_vault_access_policy, vaultName=name)
    glacier.delete_archive(vaultName=name, archiveId=archive)


def deny(name, action, condition=None):
    statement = {
        "Sid": "no",
        "Effect": "Deny",
        "Principal": "*",
        "Action": [action],
        "Resource": [arn(name)],
    }
    if condition is not None:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1)


@check
def locks():
    """a lock is tried, aborted, lapses after a day, or is completed for good"""
    name = vault()
    young = {"NumericLessThan": {"glacier:ArchiveAgeInDays": "365"}}
    policy = deny(name, "glacier:DeleteArchive", young)
    lock = {"vaultName": name, "policy": {"Policy": policy}}
    refused(*MISSING, glacier.get_vault_lock, vaultName=name)
    refused(*BAD, glacier.initiate_vault_lock, vaultName=name, policy={"Policy": "no policy"})
    archive = store(name)

    first = glacier.initiate_vault_lock(**lock)["lockId"]
    seen = glacier.get_vault_lock(vaultName=name)
    same((seen["State"], seen["Policy"]), ("InProgress", policy))
    assert seen["ExpirationDate"] > seen["CreationDate"]
    refused(*DENIED, glacier.initiate_vault_lock, **lock)
    refused(*DENIED, glacier.delete_archive, vaultName=name, archiveId=archive)
    refused(*BAD, glacier.complete_vault_lock, vaultName=name, lockId="x" * 24)
    glacier.abort_vault_lock(vaultName=name)
    refused(*MISSING, glacier.get_vault_lock, vaultName=name)
    refused(*MISSING, glacier.complete_vault_lock, vaultName=name, lockId=first)

    lapsed = glacier.initiate_vault_lock(**lock)["lockId"]
    advance(DAY)
    refused(*MISSING, glacier.get_vault_lock, vaultName=name)
    refused(*MISSING, glacier.complete_vault_lock, vaultName=name, lockId=lapsed)

    kept = glacier.initiate_vault_lock(**lock)["lockId"]
    for _ in range(2):
        glacier.complete_vault_lock(vaultName=name, lockId=kept)
    same(glacier.get_vault_lock(vaultName=name)["State"], "Locked")
    refused(*DENIED, glacier.complete_vault_lock, vaultName=name, lockId="x" * 24)
    refused(*DENIED, glacier.abort_vault_lock, vaultName=name)
    refused(*DENIED, glacier.initiate_vault_lock, **lock)
    refused(*DENIED, glacier.delete_archive, vaultName=name, archiveId=archive)
    advance(365 * DAY)
    glacier.delete_archive(vaultName=name, archiveId=archive)


@check
def notifications():
    """topics of the vault and of the job are told when a job has ended"""
    name = vault()
    refused(*MISSING, glacier.get_vault_notifications, vaultName=name)
    topic = f"arn:aws:sns:us-east-1:{account_id}:{name}"
    wanted = {"SNSTopic": topic, "Events": ["ArchiveRetrievalCompleted", "InventoryRetrievalCompleted"]}
    glacier.set_vault_notifications(vaultName=name, vaultNotificationConfig=wanted)
    seen = glacier.get_vault_notifications(vaultName=name)["vaultNotificationConfig"]
    same({**seen, "Events": sorted(seen["Events"])}, wanted)
    refused(
        *BAD,
        glacier.set_vault_notifications,
        vaultName=name,
        vaultNotificationConfig={"SNSTopic": topic, "Events": ["Birthday"]},
    )
    job = order(name, ArchiveId=store(name), SNSTopic=f"{topic}-of-the-job")
    advance(4 * HOUR)
    told = [each for each in control("messages")["messages"] if each["topic"].startswith(topic)]
    same(sorted(each["topic"] for each in told), [topic, f"{topic}-of-the-job"])
    for each in told:
        message = json.loads(each["message"])
        same((message["JobId"], message["StatusCode"]), (job, "Succeeded"))
    for _ in range(2):
        glacier.delete_vault_notifications(vaultName=name)
    refused(*MISSING, glacier.get_vault_notifications, vaultName=name)


@check
def tags():
    """tags are added, overwritten, listed and removed, ten at a time and fifty in all"""
    name = vault()
    same(glacier.list_tags_for_vault(vaultName=name)["Tags"], {})
    glacier.add_tags_to_vault(vaultName=name, Tags={"owner": "nobody", "für": "später"})
    glacier.add_tags_to_vault(vaultName=name, Tags={"owner": "me", "empty": ""})
    expected = {"owner": "me", "für": "später", "empty": ""}
    same(glacier.list_tags_for_vault(vaultName=name)["Tags"], expected)
    glacier.remove_tags_from_vault(vaultName=name, TagKeys=["owner", "für", "empty", "unknown"])
    same(glacier.list_tags_for_vault(vaultName=name)["Tags"], {})
    add = glacier.add_tags_to_vault
    refused(*BAD, add, vaultName=name, Tags={str(i): "" for i in range(11)})
    for first in range(0, 50, 10):
        add(vaultName=name, Tags={str(first + i): "x" for i in range(10)})
    limit = refused(*LIMIT, add, vaultName=name, Tags={"one": "more"})
    assert isinstance(limit, glacier.exceptions.LimitExceededException)
    refused(*BAD, add, vaultName=name, Tags={"aws:mine": "x"})
    refused(*MISSING, add, vaultName=fresh("vault"), Tags={"a": "b"})


@check
def retrieval_policies():
    """a retrieval policy holds back Standard retrievals and nothing else"""
    name = vault()
    archive = store(name, pattern(MIB))

    def rule(**wanted):
        glacier.set_data_retrieval_policy(Policy={"Rules": [wanted]})
        return glacier.get_data_retrieval_policy()["Policy"]["Rules"]

    try:
        slow = {"Strategy": "BytesPerHour", "BytesPerHour": 1000}
        same(rule(**slow), [slow])
        held = refused("PolicyEnforcedException", 400, order, name=name, ArchiveId=archive)
        assert isinstance(held, glacier.exceptions.PolicyEnforcedException)
        order(name, ArchiveId=archive, Tier="Bulk")
        same(rule(Strategy="FreeTier"), [{"Strategy": "FreeTier"}])
        order(name, ArchiveId=archive)
        refused(*BAD, rule, Strategy="Sometimes")
        refused(*BAD, rule, Strategy="None", BytesPerHour=1)
    finally:
        same(rule(Strategy="None"), [{"Strategy": "None"}])
    order(name, ArchiveId=archive)


@check
def capacity():
    """two units of capacity are for sale, last a month, and let Expedited retrievals go"""
    name = vault()
    archive = store(name)
    same(glacier.list_provisioned_capacity()["ProvisionedCapacityList"], [])
    fast = {"name": name, "ArchiveId": archive, "Tier": "Expedited"}
    control("mode", {"noExpeditedCapacity": True})
    try:
        full = refused("InsufficientCapacityException", 503, order, **fast)
        assert isinstance(full, glacier.exceptions.InsufficientCapacityException)
        units = [glacier.purchase_provisioned_capacity()["capacityId"] for _ in range(2)]
        refused(*LIMIT, glacier.purchase_provisioned_capacity)
        seen = glacier.list_provisioned_capacity()["ProvisionedCapacityList"]
        same(sorted(each["CapacityId"] for each in seen), sorted(units))
        assert all(each["ExpirationDate"] > each["StartDate"] for each in seen)
        order(**fast)
        advance(31 * DAY)
        same(glacier.list_provisioned_capacity()["ProvisionedCapacityList"], [])
        refused("InsufficientCapacityException", 503, order, **fast)
    finally:
        control("mode", {"noExpeditedCapacity": False})


@check
def strangers():
    """keys that are wrong, accounts of others and accounts too new are told so"""
    keys = {"aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": "wrong"}
    wrong = connect("glacier", **keys)
    refused("InvalidSignatureException", 403, wrong.list_vaults)
    unknown = connect("glacier", aws_access_key_id="AKIAUNKNOWN", aws_secret_access_key="x")
    refused("UnrecognizedClientException", 400, unknown.list_vaults)
    refused(*DENIED, glacier.list_vaults, accountId="000000000000")
    control("mode", {"noLongerSupported": True})
    try:
        refused("NoLongerSupportedException", 400, glacier.list_vaults)
    finally:
        control("mode", {"noLongerSupported": False})


@check
def bad_days():
    """botocore tries again after what it takes for a bad moment"""
    patient = connect("glacier", attempts=5)
    name = vault()
    control(
        "fail",
        [
            {"operation": "ListJobs", "status": 500, "code": "ServiceUnavailableException"},
            {"operation": "ListJobs", "status": 400, "code": "ThrottlingException"},
            {"operation": "ListJobs", "when": "drop-after"},
        ],
    )
    answer = patient.list_jobs(vaultName=name)
    same((answer["JobList"], answer["ResponseMetadata"]["RetryAttempts"]), ([], 3))


report()
