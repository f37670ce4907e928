# SPDX-License-Identifier: Apache-2.0
"""Claim: curl and `openssl s_client` are served over TLS by the HTTP gateway with a token or a known
certificate, also one of an authority below a known one; certificates that are expired, of another CA,
revoked, unknown or without a valid list of their authority are refused, and new files are in effect
without a restart."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from installation import Installation, wait_for
from token_clients import TokenInstallation

EVENT = ["-H", "ce-specversion: 1.0", "-H", "ce-type: a.b", "-H", "ce-source: /s", "-d", "x"]


class Authority:
    """A CA made with the openssl command, as an operator would."""

    def __init__(self, folder, name):
        self.folder = folder / name
        self.folder.mkdir()
        self.certificate = self.folder / "ca.pem"
        (self.folder / "index").write_text("")
        (self.folder / "serial").write_text("01\n")
        (self.folder / "conf").write_text(f"""
[ca]
default_ca = here
[here]
database = {self.folder}/index
serial = {self.folder}/serial
new_certs_dir = {self.folder}
certificate = {self.certificate}
private_key = {self.folder}/ca.key
default_md = sha256
default_days = 2
default_crl_days = 2
policy = any
unique_subject = no
[any]
commonName = supplied
[sub]
basicConstraints = critical, CA:TRUE
[leaf]
subjectAltName = DNS:localhost,IP:127.0.0.1
""")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{self.folder}/ca.key",
                     "-out", str(self.certificate))

    @staticmethod
    def openssl(*words):
        made = subprocess.run(["openssl", *words], capture_output=True, text=True)
        assert made.returncode == 0, (words, made.stderr)
        return made.stdout

    def below(self, name):
        """An authority that this one has certified."""
        sub = Authority(self.folder, name)
        self.openssl("req", "-new", "-key", f"{sub.folder}/ca.key", "-subj", f"/CN={name}",
                     "-out", f"{sub.folder}/ca.csr")
        self.openssl("ca", "-batch", "-notext", "-config", f"{self.folder}/conf", "-extensions", "sub",
                     "-in", f"{sub.folder}/ca.csr", "-out", str(sub.certificate))
        return sub

    def sign(self, name, *dates):
        """NAME.pem and NAME.key."""
        base = self.folder / name
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", f"/CN={name}", "-keyout", f"{base}.key", "-out", f"{base}.csr")
        self.openssl("ca", "-batch", "-notext", "-config", f"{self.folder}/conf", "-extensions", "leaf",
                     "-in", f"{base}.csr", "-out", f"{base}.new", *dates)
        pathlib.Path(f"{base}.new").rename(f"{base}.pem")
        pathlib.Path(f"{base}.key").chmod(0o600)
        return base

    def list(self, *dates):
        """Its list of what is revoked."""
        self.openssl("ca", "-config", f"{self.folder}/conf", "-gencrl", "-out", f"{self.folder}/crl.new", *dates)
        return (self.folder / "crl.new").read_text()

    def revoke(self, *bases):
        for base in bases:
            self.openssl("ca", "-config", f"{self.folder}/conf", "-revoke", f"{base}.pem")
        return self.lists(self.list())

    def lists(self, *texts):
        """The file of lists that a gateway reads."""
        (self.folder / "crl.next").write_text("".join(texts))
        (self.folder / "crl.next").rename(self.folder / "crl")
        return self.folder / "crl"

    def fingerprint(self, base):
        shown = self.openssl("x509", "-in", f"{base}.pem", "-noout", "-fingerprint", "-sha256")
        return "sha256:" + re.search("=(.*)", shown).group(1).replace(":", "").lower()


class Tls(TokenInstallation):
    def __init__(self, sense, ours, http, principals):
        super().__init__(sense, ["shop.token"], principals, http=http)
        self.ours = ours
        self.url = f"https://localhost:{self.ports['http']}/v1/events"

    def post(self, *words, url=None):
        """The status of a publish by curl; 0: there was no answer."""
        made = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "20",
                               "--cacert", str(self.ours.certificate), *words, *EVENT, url or self.url],
                              capture_output=True, text=True)
        return int(made.stdout or 0)

    def with_certificate(self, base, *words):
        return self.post("--cert", f"{base}.pem", "--key", f"{base}.key", *words)

    def s_client(self, *words):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.ports['http']}",
                               "-CAfile", str(self.ours.certificate), "-alpn", "h2,http/1.1", *words],
                              input="", capture_output=True, text=True, timeout=60).stdout


def each_client_is_judged(it, certificates):
    shop, expired, foreign, revoked, unknown = certificates
    token = ["-H", "Authorization: Bearer " + (it.folder / "shop.token").read_text().strip()]
    wait_for("a token over TLS is served", lambda: it.post(*token) == 202)
    assert it.post("-H", "Authorization: Bearer wrong") == 401
    assert it.post("--tlsv1.2", "--tls-max", "1.2", *token) == 202
    assert it.post("--ciphers", "DEFAULT@SECLEVEL=0", "--tls-max", "1.1", *token) == 0
    assert it.post("--insecure", url=it.url.replace("https", "http")) == 400
    assert it.with_certificate(shop) == 202
    assert it.with_certificate(shop, *token) == 401, "they are of two principals"
    assert it.with_certificate(unknown) == 401
    for base in (expired, foreign, revoked):
        assert it.with_certificate(base, *token) == 0, base
    for reason in ("certificate has expired", "certificate revoked"):
        wait_for(reason, lambda: reason in (it.folder / "up.log").read_text())


def openssl_sees_it(it):
    shown = it.s_client()
    assert "Verify return code: 0 (ok)" in shown and "ALPN protocol: http/1.1" in shown, shown
    assert "TLSv1.3" in shown and "New Session" not in shown, shown
    assert "Cipher is (NONE)" in it.s_client("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    assert "Cipher is ECDHE-" in it.s_client("-tls1_2")
    assert "Cipher is (NONE)" in it.s_client("-tls1_2", "-cipher", "AES128-SHA256")


def new_files_are_in_effect(it, ours, shop):
    def serial():
        return re.search(r"(?m)^ *Serial Number: *(\S+)", ours.openssl(
            "x509", "-noout", "-text", "-in", f"{ours.folder}/server.pem")).group(1)

    before = serial()
    (ours.folder / "server.pem").write_text("broken")
    wait_for("the broken file is told",
             lambda: "what was read before stays" in (it.folder / "up.log").read_text())
    assert it.with_certificate(shop) == 202
    ours.sign("server")
    assert serial() != before
    wait_for("the new file is in effect", lambda: ours.openssl(
        "x509", "-noout", "-in", f"{ours.folder}/server.pem", "-fingerprint").strip() in subprocess.run(
            ["openssl", "x509", "-noout", "-fingerprint"], input=it.s_client(), capture_output=True,
            text=True).stdout)
    ours.revoke(shop)
    wait_for("the revoked certificate is refused", lambda: it.with_certificate(shop) == 0)


def clients_of_an_authority_below_need_its_list_too(it, ours, sub, desk):
    """And a list whose time is over refuses all of its authority."""
    chain = ours.folder / "desk-chain"
    pathlib.Path(f"{chain}.pem").write_text(pathlib.Path(f"{desk}.pem").read_text() + sub.certificate.read_text())
    shutil.copy(f"{desk}.key", f"{chain}.key")
    assert it.with_certificate(desk) == 0, "without the certificate of its authority"
    assert it.with_certificate(chain) == 0, "without a list of its authority"
    ours.lists(ours.list(), sub.list())
    wait_for("a chain of two is served", lambda: it.with_certificate(chain) == 202)
    ours.lists(ours.list(), sub.list("-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z"))
    wait_for("an old list refuses all of its authority, and that is told",
             lambda: it.with_certificate(chain) == 0 and "CRL has expired" in (it.folder / "up.log").read_text())
    ours.lists(ours.list(), sub.list())
    wait_for("a new one serves them again", lambda: it.with_certificate(chain) == 202)
    sub.openssl("ca", "-config", f"{sub.folder}/conf", "-revoke", f"{desk}.pem")
    ours.lists(ours.list(), sub.list())
    wait_for("one that its authority has revoked is refused", lambda: it.with_certificate(chain) == 0)


def without_a_certificate_it_says_how_to_get_further(sense):
    with Installation(sense) as it:
        wait_for("it says so", lambda: "this listener serves this machine only; to serve others, set "
                 "tls-certificate" in (it.folder / "up.log").read_text())


sense = sys.argv[1]
missing = [program for program in ("curl", "openssl") if not shutil.which(program)]
if missing:
    print(f"without {' and '.join(missing)} there is no client that is not of this project")
    sys.exit(77)
with tempfile.TemporaryDirectory() as text:
    ours, theirs = Authority(pathlib.Path(text), "ours"), Authority(pathlib.Path(text), "theirs")
    ours.sign("server")
    past = ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"]
    certificates = (ours.sign("shop"), ours.sign("expired", *past), theirs.sign("foreign"),
                    ours.sign("revoked"), ours.sign("unknown"))
    shop, expired, _, revoked, _ = certificates
    crl = ours.revoke(revoked)
    sub = ours.below("sub")
    desk = sub.sign("desk")
    http = (f"tls-certificate: {ours.folder}/server.pem, tls-key: {ours.folder}/server.key, "
            f"tls-client: optional, tls-client-ca: {ours.certificate}, tls-revoked: {crl}")
    principals = f"""
  - {{name: by-token, proofs: [%(shop.token)s], publish: ["*"]}}
  - {{name: shop, proofs: [{{certificate: "{ours.fingerprint(shop)}"}}, {{certificate: "{
      ours.fingerprint(expired)}"}}, {{certificate: "{ours.fingerprint(revoked)}"}}], publish: ["*"]}}
  - {{name: desk, proofs: [{{certificate: "{sub.fingerprint(desk)}"}}], publish: ["*"]}}
"""
    with Tls(sense, ours, http, principals) as it:
        each_client_is_judged(it, certificates)
        openssl_sees_it(it)
        clients_of_an_authority_below_need_its_list_too(it, ours, sub, desk)
        new_files_are_in_effect(it, ours, shop)
without_a_certificate_it_says_how_to_get_further(sense)
print("https: holds")
