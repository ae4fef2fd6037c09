"""What an installation can set, from the environment or a file `.env`; docs/configuration.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MEGABYTE = 2**20
# Where containers find secrets: a file for each, named after its variable.
SECRETS = Path("/run/secrets")


def _list_of(value: object) -> object:
    """What stands between commas."""
    return (
        tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value
    )


class Settings(BaseSettings):
    """Every setting has a default that works on a laptop; sizes are bytes, times seconds."""

    model_config = SettingsConfigDict(
        env_prefix="KASPER_",
        env_file=".env",
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    database_url: str = Field(
        default="", validation_alias=AliasChoices("KASPER_DATABASE_URL", "DATABASE_URL")
    )
    """The database: `postgresql://user:password@host/name`, or `sqlite:///file`; empty: SQLite in
    `data_dir`."""
    data_dir: Path = Path("kasper-data")
    """The folder of the SQLite database."""
    public_url: str = "http://127.0.0.1:8000"
    """The address that people reach the service at; links in messages begin with it."""
    secure_cookies: bool | None = None
    """Whether browsers send cookies over https only; not set: where `public_url` is https."""

    redact: bool = True
    """Whether personal data in transcripts is replaced before anything is stored."""
    max_upload_bytes: int = Field(default=64 * MEGABYTE, ge=1)
    """The most that one upload may hold."""
    max_unpacked_bytes: int = Field(default=512 * MEGABYTE, ge=1)
    """The most that the files of one upload or batch may unpack to."""
    max_document_bytes: int = Field(default=64 * MEGABYTE, ge=1)
    """The most that one file may hold once it is unpacked."""
    max_body_bytes: int = Field(default=4 * MEGABYTE, ge=1)
    """The most that any other request may hold."""
    max_files: int = Field(default=1_000, ge=1)
    """Files that one upload may hold."""
    max_calls: int = Field(default=200_000, ge=1)
    """Calls that one upload or batch may hold."""
    max_waiting_bytes: int = Field(default=1024 * MEGABYTE, ge=1)
    """The most that uploads may hold together that no worker has read yet; more are refused for
    the moment."""
    max_live_calls: int = Field(default=200, ge=0)
    """Calls that may be followed live at the same time."""
    live_idle_s: float = Field(default=300.0, gt=0)
    """After how long without a turn a live call is ended."""
    rate_limit: str = "600/minute"
    """Requests that one key, browser or address may send."""
    login_limit: str = "10/minute"
    """Attempts to sign in from one address, or to one account."""
    allowed_urls: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list_of)] = ()
    """Addresses that batches are read from and webhooks sent to, between commas; each allows what
    has its scheme, host and port and lies below its path. Empty: none. A private network's address
    must be named as a number."""

    workers: int = Field(default=1, ge=0)
    """Worker processes that `kasper serve` starts."""
    lease_s: float = Field(default=30.0, gt=0)
    """After how long a worker that is not heard of counts as dead."""
    poll_s: float = Field(default=0.5, gt=0)
    """How often workers look for work."""
    heartbeat_file: Path | None = None
    """A file that a worker touches whenever it has looked for work, for whoever watches it."""
    session_hours: float = Field(default=12.0, gt=0)
    """How long people stay signed in."""
    link_hours: float = Field(default=48.0, gt=0)
    """How long a link to set a password is good."""

    documents_dir: Path | None = None
    """A folder with documents that you have completed, such as `worker-information.da.md`; the page
    *About Kasper* shows them in place of its own drafts (docs/documents.md)."""
    min_calls: int = Field(default=20, ge=1)
    """Figures about a person or a team with fewer scored calls are not shown."""
    keep_calls_days: int = Field(default=365, ge=1)
    """How long calls are kept, with everything said of them; an admin can change it."""
    keep_audit_days: int = Field(default=730, ge=183)
    """How long the audit log is kept; the law asks for six months at least (EU AI Act, Art. 19 and
    26(6))."""
    keep_jobs_days: int = Field(default=90, ge=1)
    """How long ended jobs are kept."""

    oidc_issuer: str = ""
    """The address of the OpenID provider for single sign-on; empty: none."""
    oidc_client_id: str = ""
    """What the provider knows Kasper by."""
    oidc_client_secret: SecretStr = SecretStr("")
    """The secret that the provider gave."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged."""

    @property
    def url(self) -> str:
        """The database's address as SQLAlchemy writes it."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'kasper.db'}"
        for scheme in ("postgresql://", "postgres://"):
            if self.database_url.startswith(scheme):
                return "postgresql+psycopg://" + self.database_url.removeprefix(scheme)
        return self.database_url

    @property
    def cookies_are_secure(self) -> bool:
        """Whether cookies are for https alone."""
        if self.secure_cookies is None:
            return self.public_url.startswith("https://")
        return self.secure_cookies
