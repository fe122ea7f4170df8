-- Clients of the server that are not the harness's: somebody is using it.
SELECT count(*)
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND NOT starts_with(application_name, 'rehearse/')
