"""What is wrong: files, a look at the chain and answers enter; questions, and in the end the diagnosis, leave."""
