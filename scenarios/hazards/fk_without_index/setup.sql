-- Courses and who takes them.
CREATE TABLE courses (id integer PRIMARY KEY, title text NOT NULL);
CREATE TABLE enrolments (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  course_id  integer NOT NULL,
  student    text NOT NULL
);
INSERT INTO courses (id, title) SELECT n, 'Course ' || n FROM generate_series(1, 1000) AS n;
INSERT INTO enrolments (course_id, student) SELECT 1 + n % 1000, 'Student ' || n FROM generate_series(1, :rows) AS n;
