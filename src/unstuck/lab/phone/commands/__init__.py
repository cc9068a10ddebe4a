"""The words of one command enter; what it prints, its status and the changed phone leave."""
