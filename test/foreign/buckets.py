"""Buckets as boto3 and its transfers see them."""

import base64
import datetime
import hashlib
import io
import urllib.error
import urllib.request
import zlib

from checks import DAY, HOUR, MIB, advance, check, connect, control, fresh, pattern, refused, report, same
from boto3.s3.transfer import TransferConfig

s3 = connect("s3")

NO_KEY = ("NoSuchKey", 404)
NO_BUCKET = ("NoSuchBucket", 404)
ARCHIVED = ("InvalidObjectState", 403)
DENIED = ("AccessDenied", 403)
FAILED = ("PreconditionFailed", 412)


def bucket(**more):
    name = fresh("bucket")
    s3.create_bucket(Bucket=name, **more)
    return name


def body_of(name, key, **more):
    return s3.get_object(Bucket=name, Key=key, **more)["Body"].read()


def now():
    return datetime.datetime.fromisoformat(control("state")["now"].replace("Z", "+00:00"))


def base64_sha256(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def pages(operation, **arguments):
    return list(s3.get_paginator(operation).paginate(**arguments))


@check
def making():
    """a bucket is made, listed, waited for, and deleted once it is empty"""
    name = fresh("bucket")
    refused("404", 404, s3.head_bucket, Bucket=name)
    refused(*NO_BUCKET, s3.list_objects_v2, Bucket=name)
    refused(*NO_BUCKET, s3.put_object, Bucket=name, Key="key", Body=b"")
    same(s3.create_bucket(Bucket=name)["Location"], f"/{name}")
    s3.get_waiter("bucket_exists").wait(Bucket=name)
    assert name in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    same(s3.get_bucket_location(Bucket=name)["LocationConstraint"], None)
    refused("InvalidBucketName", 400, s3.create_bucket, Bucket="No-Capitals")
    home = {"Bucket": fresh("bucket"), "CreateBucketConfiguration": {"LocationConstraint": "us-east-1"}}
    refused("InvalidLocationConstraint", 400, s3.create_bucket, **home)
    s3.put_object(Bucket=name, Key="key", Body=b"")
    refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=name)
    s3.delete_object(Bucket=name, Key="key")
    s3.delete_bucket(Bucket=name)
    s3.get_waiter("bucket_not_exists").wait(Bucket=name)
    refused(*NO_BUCKET, s3.delete_bucket, Bucket=name)


@check
def settings():
    """a bucket's versioning, lifecycle and block on public access are kept as they were set"""
    name = bucket()
    assert "Status" not in s3.get_bucket_versioning(Bucket=name)
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})
        same(s3.get_bucket_versioning(Bucket=name)["Status"], status)
    refused("NoSuchLifecycleConfiguration", 404, s3.get_bucket_lifecycle_configuration, Bucket=name)
    rule = {
        "ID": "parts",
        "Filter": {"Prefix": ""},
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    same(s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"], [rule])
    s3.delete_bucket_lifecycle(Bucket=name)
    refused("NoSuchLifecycleConfiguration", 404, s3.get_bucket_lifecycle_configuration, Bucket=name)
    block = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": True,
    }
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    same(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"], block)
    s3.delete_public_access_block(Bucket=name)
    refused("NoSuchPublicAccessBlockConfiguration", 404, s3.get_public_access_block, Bucket=name)


@check
def objects():
    """an object is put, described, read whole and by range, and deleted"""
    name = bucket()
    key = "a folder/ünïcode + plus & more?.txt"
    put = s3.put_object(
        Bucket=name,
        Key=key,
        Body=b"0123456789",
        ContentType="text/plain",
        Metadata={"plan": "docs"},
        CacheControl="no-store",
        Tagging="a=b",
    )
    same(put["ETag"], '"781e5e245d69b566979b86e28d23f2c7"')
    s3.get_waiter("object_exists").wait(Bucket=name, Key=key)
    head = s3.head_object(Bucket=name, Key=key)
    same((head["ContentLength"], head["ETag"], head["ContentType"]), (10, put["ETag"], "text/plain"))
    same((head["Metadata"], head["CacheControl"]), ({"plan": "docs"}, "no-store"))
    assert "StorageClass" not in head
    same(body_of(name, key), b"0123456789")
    part = s3.get_object(Bucket=name, Key=key, Range="bytes=2-4")
    same((part["Body"].read(), part["ContentRange"]), (b"234", "bytes 2-4/10"))
    same(body_of(name, key, Range="bytes=-3"), b"789")
    refused("InvalidRange", 416, s3.get_object, Bucket=name, Key=key, Range="bytes=10-")
    refused(*FAILED, s3.get_object, Bucket=name, Key=key, IfMatch='"other"')
    refused("304", 304, s3.get_object, Bucket=name, Key=key, IfNoneMatch=put["ETag"])
    same(body_of(name, key, IfMatch=put["ETag"]), b"0123456789")
    missing = refused(*NO_KEY, s3.get_object, Bucket=name, Key="none")
    assert isinstance(missing, s3.exceptions.NoSuchKey)
    refused("404", 404, s3.head_object, Bucket=name, Key="none")
    refused("InvalidStorageClass", 400, s3.put_object, Bucket=name, Key=key, StorageClass="ICE")
    for _ in range(2):
        same(s3.delete_object(Bucket=name, Key=key)["ResponseMetadata"]["HTTPStatusCode"], 204)
    s3.get_waiter("object_not_exists").wait(Bucket=name, Key=key)


@check
def empty_objects():
    """an object may have no bytes"""
    name = bucket()
    s3.put_object(Bucket=name, Key="empty")
    same(body_of(name, "empty"), b"")
    same(s3.head_object(Bucket=name, Key="empty")["ContentLength"], 0)


@check
def conditional_puts():
    """a put that wants no object there is refused where there is one"""
    name = bucket()
    once = connect("s3")

    def if_none_match(params, **_):  # a header this client's model may not know
        params["headers"]["If-None-Match"] = "*"

    once.meta.events.register("before-call.s3.PutObject", if_none_match)
    once.put_object(Bucket=name, Key="key", Body=b"first")
    refused(*FAILED, once.put_object, Bucket=name, Key="key", Body=b"second")
    same(body_of(name, "key"), b"first")


@check
def transfers():
    """boto3's transfers go up and down in parts"""
    name = bucket()
    data = pattern(12 * MIB + 5)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    more = {"StorageClass": "GLACIER_IR", "Metadata": {"a": "b"}}
    s3.upload_fileobj(io.BytesIO(data), name, "big", Config=config, ExtraArgs=more)
    s3.upload_fileobj(io.BytesIO(b"small"), name, "small", Config=config)
    head = s3.head_object(Bucket=name, Key="big")
    same((head["ContentLength"], head["StorageClass"]), (len(data), "GLACIER_IR"))
    same(head["Metadata"], {"a": "b"})
    digests = [hashlib.md5(data[at : at + 5 * MIB]).digest() for at in range(0, len(data), 5 * MIB)]
    same(head["ETag"], f'"{hashlib.md5(b"".join(digests)).hexdigest()}-3"')
    for key, expected in (("big", data), ("small", b"small")):
        target = io.BytesIO()
        s3.download_fileobj(name, key, target, Config=config)
        same(target.getvalue() == expected, True)


@check
def parts():
    """an upload in parts is listed, completed in its order, or given up"""
    name = bucket()
    keys = ["a", "b", "b"]
    uploads = [
        s3.create_multipart_upload(Bucket=name, Key=key, StorageClass="DEEP_ARCHIVE")["UploadId"]
        for key in keys
    ]
    found = pages("list_multipart_uploads", Bucket=name, PaginationConfig={"PageSize": 2})
    same([len(page["Uploads"]) for page in found], [2, 1])
    listed = [(each["Key"], each["UploadId"]) for page in found for each in page["Uploads"]]
    same(sorted(listed), sorted(zip(keys, uploads)))
    same({each["StorageClass"] for page in found for each in page["Uploads"]}, {"DEEP_ARCHIVE"})
    target = {"Bucket": name, "Key": "a", "UploadId": uploads[0]}
    pieces = {1: pattern(5 * MIB), 3: pattern(5 * MIB)[::-1], 7: b"the end"}
    tags = {}
    for number in (7, 3, 1):
        tags[number] = s3.upload_part(**target, PartNumber=number, Body=pieces[number])["ETag"]
    found = pages("list_parts", **target, PaginationConfig={"PageSize": 2})
    listed = [(each["PartNumber"], each["Size"]) for page in found for each in page["Parts"]]
    same(listed, [(number, len(piece)) for number, piece in pieces.items()])

    def complete(*chosen):
        chosen = [{"PartNumber": number, "ETag": tag} for number, tag in chosen]
        return s3.complete_multipart_upload(**target, MultipartUpload={"Parts": chosen})

    first, third, last = ((number, tags[number]) for number in (1, 3, 7))
    refused("InvalidPart", 400, lambda: complete((1, tags[7]), last))
    refused("InvalidPartOrder", 400, lambda: complete(third, first, last))
    small = (2, s3.upload_part(**target, PartNumber=2, Body=b"x")["ETag"])
    refused("EntityTooSmall", 400, lambda: complete(first, small, last))
    assert complete(first, third, last)["ETag"].endswith('-3"')
    head = s3.head_object(Bucket=name, Key="a")
    same((head["ContentLength"], head["StorageClass"]), (10 * MIB + 7, "DEEP_ARCHIVE"))
    for upload in uploads[1:]:
        s3.abort_multipart_upload(Bucket=name, Key="b", UploadId=upload)
    refused("NoSuchUpload", 404, s3.list_parts, Bucket=name, Key="b", UploadId=uploads[1])
    refused("NoSuchUpload", 404, s3.upload_part, **{**target, "UploadId": "none"}, PartNumber=1, Body=b"")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=name)


@check
def listing():
    """objects are listed by key, in pages, by prefix, in folders"""
    name = bucket()
    keys = sorted(["a", "b/1", "b/2", "b/c/3", "d e+f", "ü/4", "z&<>'\""], key=str.encode)
    for key in keys:
        s3.put_object(Bucket=name, Key=key, Body=key.encode(), StorageClass="GLACIER")
    for operation in ("list_objects_v2", "list_objects"):
        found = pages(operation, Bucket=name, PaginationConfig={"PageSize": 3})
        same([len(page["Contents"]) for page in found], [3, 3, 1])
        listed = [each for page in found for each in page["Contents"]]
        same([each["Key"] for each in listed], keys)
        same([each["Size"] for each in listed], [len(key.encode()) for key in keys])
        same({each["StorageClass"] for each in listed}, {"GLACIER"})
        (page,) = pages(operation, Bucket=name, Delimiter="/")
        same([each["Prefix"] for each in page["CommonPrefixes"]], ["b/", "ü/"])
        same([each["Key"] for each in page["Contents"]], [key for key in keys if "/" not in key])
        (page,) = pages(operation, Bucket=name, Prefix="b/", Delimiter="/")
        same([each["Prefix"] for each in page["CommonPrefixes"]], ["b/c/"])
        same([each["Key"] for each in page["Contents"]], ["b/1", "b/2"])
    answer = s3.list_objects_v2(Bucket=name, StartAfter="b/2", MaxKeys=2)
    same((answer["KeyCount"], answer["IsTruncated"]), (2, True))
    same([each["Key"] for each in answer["Contents"]], ["b/c/3", "d e+f"])
    refused("InvalidArgument", 400, s3.list_objects_v2, Bucket=name, ContinuationToken="no token")


@check
def restoring():
    """an archived object is restored by each tier of its class, read for some days, and archived again"""
    name = bucket()
    times = {
        "GLACIER": {"Expedited": 5 * 60, "Standard": 5 * HOUR, "Bulk": 12 * HOUR},
        "DEEP_ARCHIVE": {"Standard": 12 * HOUR, "Bulk": 48 * HOUR},
    }
    for storage_class, tiers in times.items():
        for tier, seconds in tiers.items():
            target = {"Bucket": name, "Key": f"{storage_class} {tier}"}
            s3.put_object(**target, Body=b"cold", StorageClass=storage_class)
            cold = refused(*ARCHIVED, s3.get_object, **target)
            same(cold.response["Error"]["StorageClass"], storage_class)
            assert isinstance(cold, s3.exceptions.InvalidObjectState)
            assert "Restore" not in s3.head_object(**target)
            request = {"Days": 2, "GlacierJobParameters": {"Tier": tier}}
            asked = s3.restore_object(**target, RestoreRequest=request)
            same(asked["ResponseMetadata"]["HTTPStatusCode"], 202)
            refused("RestoreAlreadyInProgress", 409, s3.restore_object, **target, RestoreRequest=request)
            same(s3.head_object(**target)["Restore"], 'ongoing-request="true"')
            refused(*ARCHIVED, s3.get_object, **target)
            advance(seconds)
            head = s3.head_object(**target)
            same(head["StorageClass"], storage_class)
            left = until_midnight(head["Restore"])
            assert 2 * DAY - seconds <= left <= 3 * DAY + seconds, head["Restore"]
            same(body_of(name, target["Key"]), b"cold")
            longer = s3.restore_object(**target, RestoreRequest={**request, "Days": 5})
            same(longer["ResponseMetadata"]["HTTPStatusCode"], 200)
            advance(3 * DAY)
            same(body_of(name, target["Key"]), b"cold")
            advance(3 * DAY)
            refused(*ARCHIVED, s3.get_object, **target)
            assert "Restore" not in s3.head_object(**target)


def until_midnight(restore):
    """Seconds until a restored copy goes, by its header."""
    told, date = restore.split(", ", 1)
    same(told, 'ongoing-request="false"')
    until = datetime.datetime.strptime(date, 'expiry-date="%a, %d %b %Y 00:00:00 GMT"')
    return (until.replace(tzinfo=datetime.timezone.utc) - now()).total_seconds()


@check
def no_restore():
    """what is readable or does not know a tier is not restored"""
    name = bucket()
    for storage_class in ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR"):
        target = {"Bucket": name, "Key": storage_class}
        s3.put_object(**target, Body=b"warm", StorageClass=storage_class)
        same(body_of(name, storage_class), b"warm")
        refused(*ARCHIVED, s3.restore_object, **target, RestoreRequest={"Days": 1})
    deep = {"Bucket": name, "Key": "deep"}
    s3.put_object(**deep, Body=b"cold", StorageClass="DEEP_ARCHIVE")
    soon = {"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}}
    refused("InvalidArgument", 400, s3.restore_object, **deep, RestoreRequest=soon)
    refused("InvalidArgument", 400, s3.restore_object, **deep, RestoreRequest={"Days": 0})
    refused(*NO_KEY, s3.restore_object, Bucket=name, Key="none", RestoreRequest={"Days": 1})
    cold = {"Bucket": name, "Key": "cold"}
    s3.put_object(**cold, Body=b"cold", StorageClass="GLACIER")
    control("mode", {"noExpeditedCapacity": True})
    try:
        refused("GlacierExpeditedRetrievalNotAvailable", 503, s3.restore_object, **cold, RestoreRequest=soon)
    finally:
        control("mode", {"noExpeditedCapacity": False})
    slow = {"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}}
    s3.restore_object(**cold, RestoreRequest=slow)
    s3.restore_object(**cold, RestoreRequest=soon)
    advance(HOUR)
    same(body_of(name, "cold"), b"cold")


@check
def checksums():
    """checksums are checked, kept and told, of objects and of parts"""
    name = bucket()
    data = b"checked"
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        field = f"Checksum{algorithm}"
        put = s3.put_object(Bucket=name, Key=algorithm, Body=data, ChecksumAlgorithm=algorithm)
        head = s3.head_object(Bucket=name, Key=algorithm, ChecksumMode="ENABLED")
        same(put[field], head[field])
        assert field not in s3.head_object(Bucket=name, Key=algorithm)
        got = s3.get_object(Bucket=name, Key=algorithm, ChecksumMode="ENABLED")
        same((got[field], got["Body"].read()), (put[field], data))
    same(head["ChecksumSHA256"], base64_sha256(data))
    crc = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
    same(s3.head_object(Bucket=name, Key="CRC32", ChecksumMode="ENABLED")["ChecksumCRC32"], crc)
    wrong = base64_sha256(b"other")
    refused("BadDigest", 400, s3.put_object, Bucket=name, Key="wrong", Body=data, ChecksumSHA256=wrong)
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    refused("BadDigest", 400, s3.put_object, Bucket=name, Key="wrong", Body=data, ContentMD5=md5)
    refused(*NO_KEY, s3.get_object, Bucket=name, Key="wrong")

    target = {"Bucket": name, "Key": "parts"}
    begun = s3.create_multipart_upload(**target, ChecksumAlgorithm="SHA256")
    same(begun["ChecksumAlgorithm"], "SHA256")
    target["UploadId"] = begun["UploadId"]
    pieces = [pattern(5 * MIB), b"the end"]
    sent = []
    for number, piece in enumerate(pieces, 1):
        part = s3.upload_part(**target, PartNumber=number, Body=piece, ChecksumAlgorithm="SHA256")
        same(part["ChecksumSHA256"], base64_sha256(piece))
        sent.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]})
    listed = s3.list_parts(**target)["Parts"]
    same([each["ChecksumSHA256"] for each in listed], [each["ChecksumSHA256"] for each in sent])
    done = s3.complete_multipart_upload(**target, MultipartUpload={"Parts": sent})
    of_parts = b"".join(hashlib.sha256(piece).digest() for piece in pieces)
    same(done["ChecksumSHA256"], f"{base64_sha256(of_parts)}-2")


@check
def versions():
    """versions stay behind markers until each is deleted by its id"""
    name = bucket()
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    old, new = (s3.put_object(Bucket=name, Key="key", Body=text)["VersionId"] for text in (b"old", b"new"))
    same((body_of(name, "key"), body_of(name, "key", VersionId=old)), (b"new", b"old"))
    gone = s3.delete_object(Bucket=name, Key="key")
    same(gone["DeleteMarker"], True)
    refused(*NO_KEY, s3.get_object, Bucket=name, Key="key")
    found = pages("list_object_versions", Bucket=name, PaginationConfig={"PageSize": 2})
    listed = [(each["VersionId"], each["IsLatest"]) for page in found for each in page.get("Versions", [])]
    same(listed, [(new, False), (old, False)])
    markers = [each for page in found for each in page.get("DeleteMarkers", [])]
    same([(each["VersionId"], each["IsLatest"]) for each in markers], [(gone["VersionId"], True)])
    refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=name)
    doomed = [{"Key": "key", "VersionId": version} for version in (old, new, gone["VersionId"])]
    answer = s3.delete_objects(Bucket=name, Delete={"Objects": [*doomed, {"Key": "never was"}]})
    same(len(answer["Deleted"]), 4)
    assert "Errors" not in answer
    (marker,) = (each for each in answer["Deleted"] if each["Key"] == "never was")
    s3.delete_object(Bucket=name, Key="never was", VersionId=marker["DeleteMarkerVersionId"])
    s3.delete_bucket(Bucket=name)


@check
def locks():
    """a locked version stays as long as its lock says"""
    name = bucket(ObjectLockEnabledForBucket=True)
    until = now().replace(microsecond=0) + datetime.timedelta(days=10)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 5}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=configuration)
    same(s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"], configuration)

    usual = s3.put_object(Bucket=name, Key="usual", Body=b"kept")["VersionId"]
    kept = s3.get_object_retention(Bucket=name, Key="usual")["Retention"]
    same(kept["Mode"], "GOVERNANCE")
    refused(*DENIED, s3.delete_object, Bucket=name, Key="usual", VersionId=usual)
    s3.delete_object(Bucket=name, Key="usual", VersionId=usual, BypassGovernanceRetention=True)

    strict = s3.put_object(
        Bucket=name,
        Key="strict",
        Body=b"kept",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=until,
        ChecksumAlgorithm="SHA256",
    )["VersionId"]
    head = s3.head_object(Bucket=name, Key="strict")
    same((head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]), ("COMPLIANCE", until))
    shorter = {"Mode": "COMPLIANCE", "RetainUntilDate": until - datetime.timedelta(days=1)}
    refused(*DENIED, s3.put_object_retention, Bucket=name, Key="strict", Retention=shorter)
    longer = {"Mode": "COMPLIANCE", "RetainUntilDate": until + datetime.timedelta(days=1)}
    s3.put_object_retention(Bucket=name, Key="strict", Retention=longer)
    same(s3.get_object_retention(Bucket=name, Key="strict")["Retention"], longer)
    locked = {"Bucket": name, "Key": "strict", "VersionId": strict}
    refused(*DENIED, s3.delete_object, **locked, BypassGovernanceRetention=True)
    doomed = {"Objects": [{"Key": "strict", "VersionId": strict}]}
    errors = s3.delete_objects(Bucket=name, Delete=doomed)["Errors"]
    same([(each["Key"], each["Code"]) for each in errors], [("strict", "AccessDenied")])
    s3.put_object_legal_hold(Bucket=name, Key="strict", LegalHold={"Status": "ON"})
    same(s3.get_object_legal_hold(Bucket=name, Key="strict")["LegalHold"], {"Status": "ON"})
    advance(12 * DAY)
    refused(*DENIED, s3.delete_object, **locked)
    s3.put_object_legal_hold(Bucket=name, Key="strict", LegalHold={"Status": "OFF"})
    s3.delete_object(**locked)
    refused("NoSuchVersion", 404, s3.get_object, **locked)


@check
def copying():
    """an object is copied, to another class too, unless it is archived"""
    name = bucket()
    s3.put_object(Bucket=name, Key="from here", Body=b"copied", Metadata={"a": "b"}, Tagging="c=d")
    source = {"Bucket": name, "Key": "from here"}
    s3.copy_object(Bucket=name, Key="to", CopySource=source, StorageClass="DEEP_ARCHIVE")
    head = s3.head_object(Bucket=name, Key="to")
    same((head["Metadata"], head["StorageClass"]), ({"a": "b"}, "DEEP_ARCHIVE"))
    cold = {"Bucket": name, "Key": "to"}
    refused("ObjectNotInActiveTierError", 403, s3.copy_object, Bucket=name, Key="back", CopySource=cold)
    refused(*NO_KEY, s3.copy_object, Bucket=name, Key="x", CopySource={"Bucket": name, "Key": "none"})
    refused(*FAILED, s3.copy_object, Bucket=name, Key="x", CopySource=source, CopySourceIfMatch='"other"')


@check
def tagging():
    """an object's tags are set, listed and deleted"""
    name = bucket()
    target = {"Bucket": name, "Key": "key"}
    s3.put_object(**target, Body=b"", Tagging="a=b")
    same(s3.get_object_tagging(**target)["TagSet"], [{"Key": "a", "Value": "b"}])
    tags = [{"Key": "für", "Value": "später"}, {"Key": "x", "Value": ""}]
    s3.put_object_tagging(**target, Tagging={"TagSet": tags})
    same(sorted(s3.get_object_tagging(**target)["TagSet"], key=lambda tag: tag["Value"], reverse=True), tags)
    s3.delete_object_tagging(**target)
    same(s3.get_object_tagging(**target)["TagSet"], [])


@check
def presigned():
    """a link that boto3 signs is good for what it says, unless it is signed the old way"""
    name = bucket()
    target = {"Bucket": name, "Key": "a key"}
    signing = connect("s3", config={"signature_version": "s3v4"})
    url = signing.generate_presigned_url("put_object", Params=target, ExpiresIn=HOUR)
    with urllib.request.urlopen(urllib.request.Request(url, b"by link", method="PUT")) as answer:
        same(answer.status, 200)
    url = signing.generate_presigned_url("get_object", Params=target, ExpiresIn=HOUR)
    with urllib.request.urlopen(url) as answer:
        same(answer.read(), b"by link")
    old = connect("s3", config={"signature_version": "s3"})
    for wrong, status, code in (
        (url.replace("a%20key", "another"), 403, "SignatureDoesNotMatch"),
        (url.replace("Expires=3600", "Expires=7200"), 403, "SignatureDoesNotMatch"),
        (old.generate_presigned_url("get_object", Params=target), 400, "InvalidRequest"),
    ):
        try:
            urllib.request.urlopen(wrong)
        except urllib.error.HTTPError as error:
            same((error.code, f"<Code>{code}</Code>".encode() in error.read()), (status, True))
        else:
            raise AssertionError(f"{wrong} was good")
    refused("InvalidRequest", 400, old.get_object, **target)


@check
def strangers():
    """keys that are wrong are told so"""
    unknown = connect("s3", aws_access_key_id="AKIAUNKNOWN", aws_secret_access_key="x")
    refused("InvalidAccessKeyId", 403, unknown.list_buckets)


@check
def bad_days():
    """botocore tries again after what it takes for a bad moment, a body of a put included"""
    patient = connect("s3", attempts=5)
    name = bucket()
    control(
        "fail",
        [
            {"operation": "PutObject", "status": 503, "code": "SlowDown"},
            {"operation": "PutObject", "when": "cut-body", "bytes": 1000},
            {"operation": "PutObject", "when": "drop-after"},
        ],
    )
    data = pattern(MIB)
    answer = patient.put_object(Bucket=name, Key="key", Body=io.BytesIO(data))
    same(answer["ResponseMetadata"]["RetryAttempts"], 3)
    same(body_of(name, "key") == data, True)


report()
