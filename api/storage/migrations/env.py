"""Runs migrations on the engine that `Database.migrate` hands over."""

from alembic import context
from sqlalchemy import text

from api.storage.tables import Base

engine = context.config.attributes["engine"]
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=lambda _, name, kind, *__: not str(name).startswith("call_words"),
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # of several processes that start at once, one makes the tables and the others wait
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('kasper.migrate'))"))
        context.run_migrations()
    connection.commit()
