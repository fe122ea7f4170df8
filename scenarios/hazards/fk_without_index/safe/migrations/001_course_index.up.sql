CREATE INDEX CONCURRENTLY enrolments_course_idx ON enrolments (course_id);
