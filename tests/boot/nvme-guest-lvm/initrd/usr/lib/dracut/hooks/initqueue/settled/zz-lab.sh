: > /run/lab-settled
