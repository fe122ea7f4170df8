"""What to rehearse: the scenario file as typed values, its budgets, its workload and the pure schedule of arrivals."""
