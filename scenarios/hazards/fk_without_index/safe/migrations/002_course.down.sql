ALTER TABLE enrolments DROP CONSTRAINT enrolments_course_fkey;
