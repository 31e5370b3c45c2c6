"""Verifies an envelope with other implementations than ours: the envelope by securesystemslib, the statement by in-toto, the signature
by securesystemslib (OpenPGP) or OpenSSH. It exits with 1, and says why, where any of them refuses.

    verify.py <envelope> gpg <fingerprint>
    verify.py <envelope> ssh <allowed signers> <principal>
"""

import json
import subprocess
import sys
import tempfile

from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib._gpg.functions import parse_signature_packet
from securesystemslib.dsse import Envelope
from securesystemslib.signer import GPGSigner, Signature

path, form, *trusted = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    envelope = Envelope.from_dict(json.load(file))
if envelope.payload_type != "application/vnd.in-toto+json":
    sys.exit("another type of payload")
[signature] = envelope.signatures.values()

if form == "gpg":
    keyid, key = GPGSigner.import_(trusted[0].lower())
    packet = parse_signature_packet(bytes.fromhex(signature.signature))
    apart = Signature(keyid, packet["signature"], {"other_headers": packet["other_headers"]})
    key.verify_signature(apart, envelope.pae())
else:
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes.fromhex(signature.signature))
        file.flush()
        subprocess.run(
            ["ssh-keygen", "-Y", "verify", "-f", trusted[0], "-I", trusted[1], "-n", "git", "-s", file.name],
            input=envelope.pae(),
            check=True,
            stdout=subprocess.DEVNULL,
        )

said = json.loads(envelope.payload)
statement = Statement.copy_from_pb(ParseDict(said, statement_pb2.Statement()))
statement.validate()
if statement.pb.predicate_type != "https://in-toto.io/attestation/test-result/v0.1":
    sys.exit("another type of predicate")
result = ParseDict(said["predicate"], test_result_pb2.TestResult())
if result.result not in ("PASSED", "WARNED", "FAILED") or not result.configuration:
    sys.exit("no result")
print(result.result, len(statement.pb.subject))
