"""The files that installations begin with: Compose and Kubernetes take them, and so does Kasper."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from pydantic import AliasChoices

from api.serve import main
from api.settings import SECRETS, Settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose.yaml"
KUBERNETES = ROOT / "docs" / "deploy" / "kubernetes"
DOCUMENTS = [
    (path.name, document)
    for path in sorted(KUBERNETES.glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text("utf-8"))
]
RESOURCES = [own for own in DOCUMENTS if own[0] != "kustomization.yaml"]
USER = 10001


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))
    return found


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    return [document for _, document in RESOURCES if document["kind"] in kinds]


def pods() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each pod that is described, and its only container."""
    for document in of_kind("Deployment", "Job"):
        pod = document["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        yield pod, container


def variables() -> set[str]:
    names = set().union(*(alias_names(name) for name in Settings.model_fields))
    return names | {"FORWARDED_ALLOW_IPS"}  # uvicorn's own


def alias_names(name: str) -> set[str]:
    alias = Settings.model_fields[name].validation_alias
    return (
        set(map(str, alias.choices))
        if isinstance(alias, AliasChoices)
        else {f"KASPER_{name.upper()}"}
    )


@pytest.mark.parametrize(
    "path", [COMPOSE, *sorted(KUBERNETES.glob("*.yaml"))], ids=lambda p: p.name
)
def test_every_variable_is_a_setting(path: Path) -> None:
    # what only fills the compose file in is named after no setting
    own = {"KASPER_VERSION", "KASPER_PORT"}
    used = set(re.findall(r"KASPER_[A-Z_]+", path.read_text("utf-8")))
    assert used - own <= variables()


def test_every_command_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    services = compose()["services"]
    commands = [own["command"] for name, own in services.items() if name != "database"]
    commands += [container["args"] for _, container in pods()]
    assert len(commands) == 6
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main([*map(str, command), "--help"])
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith(f"usage: kasper {command[0]}")


@pytest.mark.parametrize(
    ("name", "document"), RESOURCES, ids=[f"{name}-{own['kind']}" for name, own in RESOURCES]
)
@pytest.mark.parametrize("version", ["1.30", "1.34"])
def test_kubernetes_knows_every_field(name: str, document: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


def test_kustomize_takes_every_manifest() -> None:
    (kustomization,) = (own for name, own in DOCUMENTS if name == "kustomization.yaml")
    files = {name for name, _ in RESOURCES} - {"secret.example.yaml"}
    assert set(kustomization["resources"]) == files
    if kubectl := shutil.which("kubectl"):
        built = subprocess.run([kubectl, "kustomize", KUBERNETES], capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
        made = list(yaml.safe_load_all(built.stdout))
        assert len(made) == len(RESOURCES) - 1
        images = re.findall(r"image: (\S+)", built.stdout)
        assert (
            images
            == [f"{kustomization['images'][0]['newName']}:{kustomization['images'][0]['newTag']}"]
            * 3
        )


def test_manifests_fit_together() -> None:
    labels = {
        document["metadata"]["name"]: document["spec"]["template"]["metadata"]["labels"]
        for document in of_kind("Deployment", "Job")
    }
    for document in of_kind("Deployment"):
        own = document["spec"]["selector"]["matchLabels"]
        assert own == labels[document["metadata"]["name"]]
        assert "replicas" not in document["spec"]
    for document in of_kind("HorizontalPodAutoscaler"):
        assert document["spec"]["scaleTargetRef"]["name"] in labels
    for document in of_kind("PodDisruptionBudget"):
        assert document["spec"]["selector"]["matchLabels"] == labels[document["metadata"]["name"]]
    (service,) = of_kind("Service")
    assert service["spec"]["selector"] == labels["kasper-service"]
    assert {document["metadata"]["name"] for document in of_kind("ConfigMap", "Secret")} == {
        container["envFrom"][0]["configMapRef"]["name"] for _, container in pods()
    } | {pod["volumes"][0]["secret"]["secretName"] for pod, _ in pods()}
    for policy in of_kind("NetworkPolicy"):
        wanted = policy["spec"]["podSelector"]["matchLabels"].items()
        assert any(wanted <= own.items() for own in labels.values())


def test_pods_have_no_rights_and_bounds() -> None:
    for pod, container in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] == USER
        assert pod["automountServiceAccountToken"] is False
        own = container["securityContext"]
        assert own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"]
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]
        mounts = {own["name"]: own["mountPath"] for own in container["volumeMounts"]}
        assert mounts == {"secrets": str(SECRETS), "tmp": "/tmp"}
    for document in of_kind("Deployment"):
        (container,) = document["spec"]["template"]["spec"]["containers"]
        assert {"startupProbe", "livenessProbe"} <= container.keys()


def test_probes_ask_for_what_is_there() -> None:
    from api.routes.health import router

    paths = {route.path for route in router.routes}  # type: ignore[attr-defined]
    for path in (COMPOSE, KUBERNETES / "service.yaml", KUBERNETES / "ingress.yaml"):
        asked = set(re.findall(r"/(?:healthz|readyz|metrics)", path.read_text("utf-8")))
        assert asked and asked <= paths


def test_compose_keeps_the_database_inside_and_secrets_in_files() -> None:
    found = compose()
    services = found["services"]
    published = {name for name, own in services.items() if own.get("ports")}
    assert published == {"service"}
    assert services["service"]["ports"] == ["127.0.0.1:${KASPER_PORT:-8000}:8000"]
    assert found["networks"]["storage"] == {"internal": True}
    assert services["database"]["networks"] == ["storage"]
    for own in services.values():
        assert not any(
            "PASSWORD" in name and not name.endswith("_FILE") for name in own["environment"]
        )
        assert "healthcheck" in own
    targets = {own["target"] for own in found["x-kasper"]["secrets"]}
    assert targets <= variables()
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    assert "secrets/" in ignored and "secrets" in (ROOT / ".dockerignore").read_text("utf-8")
    for secret in found["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    for name in ("migrate", "service", "worker"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]


def test_compose_understands_its_file() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("Docker Compose is not installed")
    command = [docker, "compose", "--file", str(COMPOSE), "config", "--quiet"]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def test_the_image_runs_as_the_user_that_the_manifests_name() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert f"--uid {USER}" in dockerfile and f"\nUSER {USER}\n" in dockerfile
    assert 'ENTRYPOINT ["kasper"]' in dockerfile


def test_secrets_are_read_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KASPER_DATABASE_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "KASPER_DATABASE_URL").write_text("postgresql://kasper:x@database/kasper\n")
    (tmp_path / "KASPER_OIDC_CLIENT_SECRET").write_text("hidden\n")
    settings = Settings(_env_file=None, _secrets_dir=tmp_path)
    assert settings.url == "postgresql+psycopg://kasper:x@database/kasper"
    assert settings.oidc_client_secret.get_secret_value() == "hidden"
