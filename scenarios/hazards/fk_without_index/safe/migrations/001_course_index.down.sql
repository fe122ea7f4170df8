DROP INDEX CONCURRENTLY enrolments_course_idx;
