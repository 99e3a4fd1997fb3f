"""inversions"""
