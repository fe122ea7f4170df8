"""A small real application on SQLAlchemy: models, sessions, lazy and eager loading, N+1, inserts, updates, deletes."""

from datetime import datetime
from random import Random

from sqlalchemy import Engine, ForeignKey, String, func, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

AUTHORS, POSTS, COMMENTS = 2_000, 10_000, 30_000
_ROWS = (
    f"""INSERT INTO author (name, email)
        SELECT 'name ' || n, 'planted' || n || '@example.org' FROM generate_series(0, {AUTHORS - 1}) n""",
    f"""INSERT INTO post (author_id, title, status, views, created_at)
        SELECT 1 + n % {AUTHORS}, 'title ' || n, CASE n % 2 WHEN 0 THEN 'draft' ELSE 'live' END, 0, now()
        FROM generate_series(0, {POSTS - 1}) n""",
    f"""INSERT INTO comment (post_id, body)
        SELECT 1 + n % {POSTS}, 'body ' || n FROM generate_series(0, {COMMENTS - 1}) n""",
)


class Base(DeclarativeBase):
    """Of all models."""


class Author(Base):
    """Who writes posts."""

    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    posts: Mapped[list["Post"]] = relationship(back_populates="author")


class Post(Base):
    """What authors write."""

    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"), index=True)
    title: Mapped[str]
    status: Mapped[str] = mapped_column(String(20))
    views: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=datetime.now)
    author: Mapped[Author] = relationship(back_populates="posts")
    comments: Mapped[list["Comment"]] = relationship(back_populates="post")


class Comment(Base):
    """What readers write."""

    __tablename__ = "comment"
    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), index=True)
    body: Mapped[str]
    post: Mapped[Post] = relationship(back_populates="comments")


class Blog:
    """The application."""

    def __init__(self, engine: Engine, random: Random) -> None:
        self._engine = engine
        self._random = random

    def fill(self) -> None:
        """The schema and its rows: five posts an author, three comments a post."""
        Base.metadata.drop_all(self._engine)
        Base.metadata.create_all(self._engine)
        with self._engine.begin() as connection:
            for statement in _ROWS:
                connection.execute(text(statement))

    def use(self, *, times: int) -> None:
        """So many requests, each in a session of its own."""
        requests = (self._view, self._feed, self._authors, self._write, self._edit, self._search, self._remove)
        for request in self._random.choices(requests, weights=(35, 12, 10, 13, 14, 12, 4), k=times):
            with Session(self._engine) as session:
                request(session)

    def _post(self, session: Session) -> Post:
        post = session.get(Post, self._random.randint(1, POSTS))
        assert post is not None
        return post

    def _view(self, session: Session) -> None:
        post = self._post(session)
        assert post.author.name
        assert len(post.comments) >= 0

    def _feed(self, session: Session) -> None:
        newest = select(Post).where(Post.status == "live").order_by(Post.id.desc())
        for post in session.scalars(newest.limit(self._random.choice((9, 10, 11)))):
            assert post.author.name

    def _authors(self, session: Session) -> None:
        chosen = self._random.sample(range(1, AUTHORS + 1), 3)
        for author in session.scalars(select(Author).where(Author.id.in_(chosen)).options(selectinload(Author.posts))):
            assert author.posts

    def _write(self, session: Session) -> None:
        post = Post(author_id=self._random.randint(1, AUTHORS), title="planted title", status="draft")
        session.add(post)
        session.flush()
        session.add_all(Comment(post_id=post.id, body="planted body") for _ in range(self._random.randint(1, 3)))
        session.commit()

    def _edit(self, session: Session) -> None:
        self._post(session).views += 1
        session.commit()

    def _search(self, session: Session) -> None:
        email = f"planted{self._random.randrange(AUTHORS)}@example.org"
        author = session.scalars(select(Author).where(Author.email == email)).one()
        session.scalar(select(func.count()).select_from(Post).where(Post.author_id == author.id))

    def _remove(self, session: Session) -> None:
        comment = session.get(Comment, self._random.randint(1, COMMENTS))
        if comment is not None:
            session.delete(comment)
            session.commit()
