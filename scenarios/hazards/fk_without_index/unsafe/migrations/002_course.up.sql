ALTER TABLE enrolments ADD CONSTRAINT enrolments_course_fkey FOREIGN KEY (course_id) REFERENCES courses (id) NOT VALID;
