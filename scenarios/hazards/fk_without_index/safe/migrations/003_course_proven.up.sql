ALTER TABLE enrolments VALIDATE CONSTRAINT enrolments_course_fkey;
