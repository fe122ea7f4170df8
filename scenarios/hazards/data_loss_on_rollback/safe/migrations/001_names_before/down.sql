DROP TABLE computer_names_before;
