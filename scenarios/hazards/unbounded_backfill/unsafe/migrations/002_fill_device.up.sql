UPDATE sessions SET device = CASE WHEN user_agent LIKE 'Mobile%' THEN 'phone' ELSE 'desktop' END;
